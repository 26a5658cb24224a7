//! The codice fiscale (rule 71): its shape and check letter, its omocodia forms, and the code computed from a person's data.
//!
//! The layout, the months' letters and the values of the check letter are those of the ministerial decree of 23 December 1976; none is a number
//! of the product's rules, so none is in the policy. Positions count from 1, as in the rule.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The place of each character: `A` for a letter, `#` for a digit or the letter that takes its place by omocodia.
const LAYOUT: &str = "AAAAAA##A##A###A";
/// Characters of a provisional code, all digits.
const PROVISIONAL_LENGTH: usize = 11;
/// Characters that the check letter covers.
const COVERED: usize = 15;
/// The letters that take the place of the digits from 0 to 9 by omocodia.
const OMOCODIA: &str = "LMNPQRSTUV";
/// The letters of the months from January on.
const MONTHS: &str = "ABCDEHLMPRST";
/// What is added to a woman's day of birth.
const FEMALE_DAYS: i8 = 40;
/// What a character at an odd position counts, for the letters from A on; a digit counts as the letter of the same place.
const ODD_VALUES: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
const LETTERS: u32 = 26;
const DECIMAL: u32 = 10;
const DIGITS_AND_LETTERS: u32 = DECIMAL + LETTERS;
const CENTURY: i16 = 100;
/// The centuries in which a person who has a code can have been born.
const CENTURIES: [i16; 2] = [1900, 2000];
/// Characters that stay readable in a masked code.
const UNMASKED: usize = 3;

/// A codice fiscale that rule 71 accepts, in upper case: one of 16 characters, omocodia included, or a provisional one of 11 digits.
///
/// Equality is that of the code as written, which is what rules 43 and 69 ask for: omocodia exists to tell apart persons whose computed codes
/// collide, so two forms of one code are as a rule two persons (see [`FiscalCode::may_be_same_person`]). It is personal data: `Debug` masks it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FiscalCode(String);

/// Why a text is not a codice fiscale (rule 71). Nothing of the text is repeated, for it is personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FiscalCodeError {
    /// Neither 16 characters, nor 11 of which the first is a digit.
    #[error("a codice fiscale has 16 characters, or 11 digits while it is provisional, and not {found}")]
    Length {
        /// Characters found, as Unicode scalars.
        found: usize,
    },
    /// A character that cannot stand where it does.
    #[error("the character at position {position} cannot stand there")]
    Character {
        /// Its position, from 1.
        position: usize,
    },
    /// The letter at position 9 is not that of a month.
    #[error("the letter at position 9 is not that of a month")]
    Month,
    /// The day at positions 10 and 11 does not exist in that month, whatever the century.
    #[error("the day at positions 10 and 11 does not exist in that month")]
    Day,
    /// The last letter does not agree with the others.
    #[error("the check letter is wrong")]
    CheckLetter,
}

/// The sex that a codice fiscale tells (rule 71).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sex {
    /// The day of birth is written with 40 added.
    Female,
    /// The day of birth is written as it is.
    Male,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Birth {
    year_of_century: i16,
    month: i8,
    day: i8,
    sex: Sex,
}

impl FiscalCode {
    /// Reads a code (rule 71). Case does not matter, ASCII white space around it is dropped; white space within, and any letter or digit beyond
    /// ASCII, is refused. Any 11 digits are a provisional code: the rule asks for no check digit.
    ///
    /// # Errors
    /// The first of length, character, month, day and check letter that is wrong.
    pub fn parse(text: &str) -> Result<Self, FiscalCodeError> {
        let code = text.trim_ascii().to_ascii_uppercase();
        let found = code.chars().count();
        if found == PROVISIONAL_LENGTH && code.starts_with(|first: char| first.is_ascii_digit()) {
            refuse_misplaced(&code, |_, character| character.is_ascii_digit())?;
            return Ok(Self(code));
        }
        if found != LAYOUT.len() {
            return Err(FiscalCodeError::Length { found });
        }
        refuse_misplaced(&code, |place, character| match place {
            '#' => character.is_ascii_digit() || OMOCODIA.contains(character),
            _ => character.is_ascii_uppercase(),
        })?;
        // Only ASCII from here on, so a byte is a character.
        let canonical = digits_restored(&code);
        let month = canonical.get(8..9).and_then(month_of).ok_or(FiscalCodeError::Month)?;
        birth_of(&canonical, month).ok_or(FiscalCodeError::Day)?;
        if code.get(..COVERED).and_then(check_letter) != code.chars().last() {
            return Err(FiscalCodeError::CheckLetter);
        }
        Ok(Self(code))
    }

    /// The code as written, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a provisional code, of 11 digits, which tells nothing of its person (rule 71).
    #[must_use]
    pub fn is_provisional(&self) -> bool {
        self.0.len() == PROVISIONAL_LENGTH
    }

    /// Whether a letter stands in the place of a digit (rule 71).
    #[must_use]
    pub fn is_omocodia(&self) -> bool {
        self.0 != self.canonical()
    }

    /// The form without omocodia: every letter in a digit's place turned back, with the check letter of that form (rule 71).
    /// A provisional code is its own.
    #[must_use]
    pub fn canonical(&self) -> String {
        if self.is_provisional() {
            return self.0.clone();
        }
        let restored = digits_restored(&self.0);
        restored.get(..COVERED).and_then(with_check_letter).unwrap_or(restored)
    }

    /// Whether two codes have the same canonical form (rule 71), as those of one person before and after an omocodia was resolved do.
    ///
    /// It proves nothing: so do the codes of the two persons for whom it was resolved. What must be the holder's compares with `==` (rules 43, 69).
    #[must_use]
    pub fn may_be_same_person(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    /// The sex that the code tells; none for a provisional one (rule 71).
    #[must_use]
    pub fn sex(&self) -> Option<Sex> {
        self.birth().map(|birth| birth.sex)
    }

    /// Day, 1 to 31, and month, 1 to 12, of birth; none for a provisional code (rule 71).
    #[must_use]
    pub fn birth_day_month(&self) -> Option<(i8, i8)> {
        self.birth().map(|birth| (birth.day, birth.month))
    }

    /// Whether the code agrees with a date of birth; none for a provisional code (rule 71). A code that does not is not refused for that.
    #[must_use]
    pub fn agrees_with_birth_date(&self, date: Date) -> Option<bool> {
        self.birth().map(|birth| birth.year_of_century == date.year().rem_euclid(CENTURY) && birth.month == date.month() && birth.day == date.day())
    }

    /// The latest date of birth, up to and including `today` in Rome, that agrees with the code; none for a provisional code (rule 71).
    ///
    /// Only a hint: the code does not tell the century, so a person of a hundred years or more is taken for a child.
    #[must_use]
    pub fn birth_date_hint(&self, today: Date) -> Option<Date> {
        let birth = self.birth()?;
        let century = today.year() - today.year().rem_euclid(CENTURY);
        [century, century - CENTURY]
            .into_iter()
            .filter_map(|century| Date::new(century + birth.year_of_century, birth.month, birth.day).ok())
            .find(|date| *date <= today)
    }

    /// The code of the place of birth, a letter and three digits without omocodia, such as F205; none for a provisional code (rule 71).
    #[must_use]
    pub fn birthplace_code(&self) -> Option<String> {
        if self.is_provisional() { None } else { self.canonical().get(11..COVERED).map(str::to_owned) }
    }

    fn birth(&self) -> Option<Birth> {
        let canonical = self.canonical();
        birth_of(&canonical, month_of(canonical.get(8..9)?)?)
    }
}

/// The letter that follows the first 15 characters, upper or lower case (rule 71); none unless they are 15 ASCII letters and digits.
#[must_use]
pub fn check_letter(first15: &str) -> Option<char> {
    if first15.chars().count() != COVERED {
        return None;
    }
    let sum = first15.chars().zip([true, false].into_iter().cycle()).try_fold(0, |sum, (character, odd)| {
        let value = character.to_digit(DIGITS_AND_LETTERS)?;
        // A digit and the letter of the same place in the alphabet count the same.
        let place = value.checked_sub(DECIMAL).unwrap_or(value);
        let counted = if odd { *ODD_VALUES.get(usize::try_from(place).ok()?)? } else { place };
        Some(sum + counted)
    })?;
    char::from_digit(DECIMAL + sum % LETTERS, DIGITS_AND_LETTERS).map(|letter| letter.to_ascii_uppercase())
}

/// The standard code of a person (rule 71); `birthplace_code` is the cadastral one, a letter and three digits, such as F205 for Milan or Z404 for
/// the United States. A code that differs from it is not refused for that: omocodia and old errors make such codes.
///
/// Accents are dropped and ø đ ł ß æ and their like written with the letters of the Latin alphabet; apostrophes, hyphens and spaces do not count.
/// None where there is nothing to compute from: a name without any letter or with letters of another alphabet, or a place code of another shape.
#[must_use]
pub fn computed(given_name: &str, family_name: &str, birth_date: Date, sex: Sex, birthplace_code: &str) -> Option<String> {
    let family = three_letters(&Letters::of(family_name)?, false);
    let given = three_letters(&Letters::of(given_name)?, true);
    let year = birth_date.year().rem_euclid(CENTURY);
    let month = MONTHS.chars().nth(usize::try_from(birth_date.month() - 1).ok()?)?;
    let day = match sex {
        Sex::Female => birth_date.day() + FEMALE_DAYS,
        Sex::Male => birth_date.day(),
    };
    let place = place_code(birthplace_code)?;
    with_check_letter(&format!("{family}{given}{year:02}{month}{day:02}{place}"))
}

/// Every form that a code can take by omocodia, the canonical one first, each with its own check letter (rule 71): the 128 ways to put letters in the
/// places of the seven digits. A provisional code has only itself.
pub fn omocodia_forms(code: &FiscalCode) -> impl Iterator<Item = String> + use<> {
    let (canonical, provisional) = (code.canonical(), code.is_provisional());
    let replaceable = if provisional { 0 } else { LAYOUT.matches('#').count() };
    (0_u32..1 << replaceable).filter_map(move |choice| if provisional { Some(canonical.clone()) } else { omocodia_form(&canonical, choice) })
}

/// The form that has letters in the digits' places whose bit is set, the first digit's being the lowest.
fn omocodia_form(canonical: &str, choice: u32) -> Option<String> {
    let mut bits = choice;
    let form: String = LAYOUT
        .chars()
        .zip(canonical.chars())
        .take(COVERED)
        .map(|(place, character)| {
            if place != '#' {
                return Some(character);
            }
            let replaced = bits & 1 == 1;
            bits >>= 1;
            if replaced { OMOCODIA.chars().nth(usize::try_from(character.to_digit(DECIMAL)?).ok()?) } else { Some(character) }
        })
        .collect::<Option<_>>()?;
    with_check_letter(&form)
}

fn refuse_misplaced(code: &str, fits: impl Fn(char, char) -> bool) -> Result<(), FiscalCodeError> {
    match LAYOUT.chars().zip(code.chars()).position(|(place, character)| !fits(place, character)) {
        Some(index) => Err(FiscalCodeError::Character { position: index + 1 }),
        None => Ok(()),
    }
}

/// The code with the digits that omocodia replaced; the check letter is still that of the form it came in.
fn digits_restored(code: &str) -> String {
    LAYOUT
        .chars()
        .zip(code.chars())
        .map(|(place, character)| {
            let digit = if place == '#' { OMOCODIA.chars().zip('0'..='9').find(|(letter, _)| *letter == character) } else { None };
            digit.map_or(character, |(_, digit)| digit)
        })
        .collect()
}

fn with_check_letter(first15: &str) -> Option<String> {
    check_letter(first15).map(|letter| format!("{first15}{letter}"))
}

fn month_of(letter: &str) -> Option<i8> {
    MONTHS.find(letter).and_then(|index| i8::try_from(index + 1).ok())
}

/// What a canonical code tells of the birth; none where no century has such a day, so that 29 February of year 00 passes for the sake of 2000.
fn birth_of(canonical: &str, month: i8) -> Option<Birth> {
    let year_of_century: i16 = canonical.get(6..8)?.parse().ok()?;
    let written: i8 = canonical.get(9..11)?.parse().ok()?;
    let (day, sex) = if written > FEMALE_DAYS { (written - FEMALE_DAYS, Sex::Female) } else { (written, Sex::Male) };
    let exists = CENTURIES.into_iter().any(|century| Date::new(century + year_of_century, month, day).is_ok());
    exists.then_some(Birth { year_of_century, month, day, sex })
}

fn place_code(text: &str) -> Option<String> {
    let code = text.trim_ascii().to_ascii_uppercase();
    let digits = code.strip_prefix(|first: char| first.is_ascii_uppercase())?;
    (digits.len() == 3 && digits.chars().all(|digit| digit.is_ascii_digit())).then_some(code)
}

/// The consonants and the vowels of a name, each in their order, in upper case.
struct Letters {
    consonants: Vec<char>,
    vowels: Vec<char>,
}

impl Letters {
    fn of(name: &str) -> Option<Self> {
        let mut plain = String::new();
        for character in name.nfd().filter(|character| !is_combining_mark(*character)) {
            match character {
                'Æ' | 'æ' => plain.push_str("AE"),
                'Ð' | 'ð' | 'Đ' | 'đ' => plain.push('D'),
                'Ħ' | 'ħ' => plain.push('H'),
                'ı' => plain.push('I'),
                'Ł' | 'ł' => plain.push('L'),
                'Ŋ' | 'ŋ' => plain.push('N'),
                'Ø' | 'ø' => plain.push('O'),
                'Œ' | 'œ' => plain.push_str("OE"),
                'ß' | 'ẞ' => plain.push_str("SS"),
                'Þ' | 'þ' => plain.push_str("TH"),
                // Apostrophes of transliterations, which Unicode counts among the letters.
                '\u{2b9}'..='\u{2bf}' => {}
                latin if latin.is_ascii_alphabetic() => plain.push(latin.to_ascii_uppercase()),
                other if other.is_alphabetic() => return None,
                _ => {}
            }
        }
        if plain.is_empty() {
            return None;
        }
        let (vowels, consonants) = plain.chars().partition(|letter| "AEIOU".contains(*letter));
        Some(Self { consonants, vowels })
    }
}

fn three_letters(letters: &Letters, given: bool) -> String {
    // Of a given name with four consonants or more, the second is left out.
    let left_out = (given && letters.consonants.len() > 3).then_some(1);
    let consonants = letters.consonants.iter().enumerate().filter(|(index, _)| Some(*index) != left_out).map(|(_, letter)| *letter);
    consonants.chain(letters.vowels.iter().copied()).chain(std::iter::repeat('X')).take(3).collect()
}

impl fmt::Display for FiscalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for FiscalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked: String = self.0.chars().enumerate().map(|(index, character)| if index < UNMASKED { character } else { '*' }).collect();
        write!(f, "FiscalCode({masked})")
    }
}

impl AsRef<str> for FiscalCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for FiscalCode {
    type Err = FiscalCodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for FiscalCode {
    type Error = FiscalCodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<FiscalCode> for String {
    fn from(code: FiscalCode) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde::Serialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error as ValueError, StrDeserializer};

    use super::Sex::{Female as F, Male as M};
    use super::*;

    /// Codes printed by others: the rule's own, encyclopaedias, libraries and the documents of other systems.
    const PUBLISHED: [&str; 12] = [
        "RSSMRA89T13F205B",
        "RSSMRA80A01H501U",
        "RSSMRA80A01F205X",
        "RSSMRA85T10A562S",
        "MRTMTT91D08F205J",
        "MLLSNT82P65Z404U",
        "VRDGPP13R10B293P",
        "PPPPLT80R10M082K",
        "RCCMNL83S18D969H",
        "CCCFBA85D03L219P",
        "BNZVCN32S10E573Z",
        "RSSBBR69C48F839A",
    ];

    /// Given name, family name, birth, sex, place and code; the codes come from the Python packages `python-codicefiscale` and `python-stdnum`.
    const PERSONS: [(&str, &str, &str, Sex, &str, &str); 43] = [
        ("Mario", "Rossi", "1989-12-13", M, "F205", "RSSMRA89T13F205B"),
        ("Anna", "Fo", "2000-02-29", F, "H501", "FOXNNA00B69H501D"),
        ("Gianfranco", "De Luca", "1999-12-31", M, "L219", "DLCGFR99T31L219O"),
        ("Maria Grazia", "D'Angelo", "1964-02-29", F, "F839", "DNGMGR64B69F839R"),
        ("Niccolò", "Cucù", "2010-05-01", M, "D612", "CCUNCL10E01D612H"),
        ("Aia", "Aioue", "1971-08-17", F, "A944", "AIOAIA71M57A944B"),
        ("Jürgen", "Müller", "1955-07-04", M, "Z112", "MLLJGN55L04Z112C"),
        ("Li", "Xu", "1988-09-09", F, "Z210", "XUXLIX88P49Z210C"),
        ("Wojciech", "Kowalski", "1977-10-31", M, "Z127", "KWLWCC77R31Z127G"),
        ("Bartolomeo", "Bianchi", "1938-03-03", M, "C351", "BNCBTL38C03C351H"),
        ("Roberta", "Verdi", "1993-06-30", F, "G273", "VRDRRT93H70G273W"),
        ("Ada", "Io", "1904-01-31", F, "L736", "IOXDAA04A71L736R"),
        ("Edoardo", "Esposito", "2008-11-11", M, "A662", "SPSDRD08S11A662X"),
        ("Luca", "Re", "1966-04-20", M, "D969", "REXLCU66D20D969Z"),
        ("Chiara", "Galli", "1985-05-25", F, "L781", "GLLCHR85E65L781Y"),
        ("Massimiliano", "Strozzi", "1949-08-08", M, "G702", "STRMSM49M08G702C"),
        ("Eva", "Neri", "2024-02-29", F, "A271", "NREVEA24B69A271U"),
        ("Ugo", "Bo", "1930-12-01", M, "B354", "BOXGUO30T01B354O"),
        ("Francesca", "Quattrocchi", "1979-09-19", F, "E506", "QTTFNC79P59E506X"),
        ("Pierpaolo", "Dell'Acqua", "1996-01-02", M, "L424", "DLLPPL96A02L424L"),
        ("Ines", "Iannone", "1959-03-28", F, "H224", "NNNNSI59C68H224F"),
        ("Zoe", "Yeoh", "1991-07-15", F, "Z247", "YHEZOE91L55Z247T"),
        ("Kevin", "Wu", "2003-10-10", M, "B157", "WUXKVN03R10B157H"),
        ("Salvatore", "Lo Presti", "1972-06-06", M, "G371", "LPRSVT72H06G371P"),
        ("Giulia", "Ferrari", "1998-04-04", F, "F257", "FRRGLI98D44F257H"),
        ("Ottavia", "Zanichelli", "1944-11-30", F, "H223", "ZNCTTV44S70H223T"),
        ("Tommaso", "Gu", "1900-01-01", M, "C933", "GUXTMS00A01C933U"),
        ("Elio", "Aulo", "1999-01-30", M, "I452", "LAULEI99A30I452G"),
        ("Beatrice", "Conti", "2016-12-24", F, "I726", "CNTBRC16T64I726Q"),
        ("Dario", "Orlando", "1981-02-28", M, "M082", "RLNDRA81B28M082N"),
        ("Ilaria", "Greco", "1974-05-13", F, "E715", "GRCLRI74E53E715L"),
        ("Nunzio", "Barbagallo", "1962-08-21", M, "C342", "BRBNNZ62M21C342A"),
        ("Sofia", "Moretti", "2012-09-01", F, "D704", "MRTSFO12P41D704C"),
        ("Aldo", "Baglio", "1958-09-28", M, "G273", "BGLLDA58P28G273U"),
        ("Enrico", "Fermi", "1901-09-29", M, "H501", "FRMNRC01P29H501P"),
        ("Rita", "Levi", "1909-04-22", F, "L219", "LVERTI09D62L219J"),
        ("Alessandro", "Volta", "1945-02-18", M, "C933", "VLTLSN45B18C933I"),
        ("Bruna", "Sala", "1986-10-05", F, "F704", "SLABRN86R45F704X"),
        ("Carla", "Vio", "1969-07-31", F, "A757", "VIOCRL69L71A757U"),
        ("Guido", "Eco", "1932-01-05", M, "A182", "CEOGDU32A05A182L"),
        ("Mirko", "Hu", "2001-03-31", M, "G999", "HUXMRK01C31G999D"),
        ("Nadia", "Ognibene", "1992-11-19", F, "H163", "GNBNDA92S59H163Z"),
        ("Oreste", "Paci", "1951-06-12", M, "G337", "PCARST51H12G337U"),
    ];

    /// Form and canonical form; from the same packages.
    const OMOCODIA_VECTORS: [(&str, &str); 14] = [
        ("RSSMRA89T13F20RW", "RSSMRA89T13F205B"),
        ("FOXNNA00B69HRLMB", "FOXNNA00B69H501D"),
        ("DLCGFRVVTPMLNMVI", "DLCGFR99T31L219O"),
        ("DNGMGR64B69F8PVS", "DNGMGR64B69F839R"),
        ("CCUNCL10E01D61NW", "CCUNCL10E01D612H"),
        ("AIOAIATMMRTAVQQQ", "AIOAIA71M57A944B"),
        ("MLLJGN55L04Z11NR", "MLLJGN55L04Z112C"),
        ("XUXLIXU8PQ9Z210L", "XUXLIX88P49Z210C"),
        ("KWLWCC77R3MZMNTY", "KWLWCC77R31Z127G"),
        ("BNCBTL38C03CPRMH", "BNCBTL38C03C351H"),
        ("VRDRRT93H70GNTPT", "VRDRRT93H70G273W"),
        ("IOXDAAL4AT1L736G", "IOXDAA04A71L736R"),
        ("SPSDRD08S11A66NM", "SPSDRD08S11A662X"),
        ("REXLCUSSDNLDVSVM", "REXLCU66D20D969Z"),
    ];

    fn code(text: &str) -> FiscalCode {
        FiscalCode::parse(text).unwrap()
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// The check letter again, with the table of the decree spelled out.
    fn independent(first15: &str) -> char {
        let mut sum = 0u8;
        for (index, c) in first15.bytes().enumerate() {
            sum =
                (sum + if index % 2 == 1 {
                    if c.is_ascii_digit() { c - b'0' } else { c - b'A' }
                } else {
                    match c {
                        b'0' | b'A' => 1,
                        b'1' | b'B' => 0,
                        b'2' | b'C' => 5,
                        b'3' | b'D' => 7,
                        b'4' | b'E' => 9,
                        b'5' | b'F' => 13,
                        b'6' | b'G' => 15,
                        b'7' | b'H' => 17,
                        b'8' | b'I' => 19,
                        b'9' | b'J' => 21,
                        b'K' => 2,
                        b'L' => 4,
                        b'M' => 18,
                        b'N' => 20,
                        b'O' => 11,
                        b'P' => 3,
                        b'Q' => 6,
                        b'R' => 8,
                        b'S' => 12,
                        b'T' => 14,
                        b'U' => 16,
                        b'V' => 10,
                        b'W' => 22,
                        b'X' => 25,
                        b'Y' => 24,
                        b'Z' => 23,
                        _ => panic!("not a letter or digit"),
                    }
                }) % 26;
        }
        char::from(b'A' + sum)
    }

    fn checked(first15: &str) -> String {
        format!("{first15}{}", independent(first15))
    }

    fn valid_codes() -> impl Iterator<Item = &'static str> {
        PUBLISHED.into_iter().chain(PERSONS.map(|person| person.5)).chain(OMOCODIA_VECTORS.map(|vector| vector.0))
    }

    #[test]
    fn the_vector_of_the_rule() {
        assert_eq!(check_letter("RSSMRA89T13F205"), Some('B'));
        assert_eq!(code("RSSMRA89T13F205B").as_str(), "RSSMRA89T13F205B");
    }

    #[test]
    fn vectors_are_accepted_with_their_check_letter_only() {
        for text in valid_codes() {
            assert_eq!(FiscalCode::parse(text).map(String::from).as_deref(), Ok(text));
            assert_eq!(check_letter(&text[..15]), text.chars().last(), "{text}");
            assert_eq!(independent(&text[..15]), text.chars().last().unwrap(), "{text}");
            for letter in ('A'..='Z').filter(|letter| !text.ends_with(*letter)) {
                assert_eq!(FiscalCode::parse(&format!("{}{letter}", &text[..15])), Err(FiscalCodeError::CheckLetter), "{text} {letter}");
            }
        }
    }

    #[test]
    fn computed_codes() {
        for (given, family, birth, sex, place, expected) in PERSONS {
            assert_eq!(computed(given, family, date(birth), sex, place).as_deref(), Some(expected), "{given} {family}");
            let parsed = code(expected);
            assert_eq!(parsed.sex(), Some(sex));
            assert_eq!(parsed.birth_day_month(), Some((date(birth).day(), date(birth).month())));
            assert_eq!(parsed.agrees_with_birth_date(date(birth)), Some(true));
            assert_eq!(parsed.agrees_with_birth_date(date(birth).tomorrow().unwrap()), Some(false));
            assert_eq!(parsed.birthplace_code().as_deref(), Some(place));
        }
    }

    #[test]
    fn computed_folds_names_and_knows_its_limits() {
        let of = |given: &str, family: &str| computed(given, family, date("1980-01-01"), M, "h501 ");
        assert_eq!(of("Mario", "Rossi").as_deref(), Some("RSSMRA80A01H501U"));
        assert_eq!(of("MÀRIO", "ro\u{300}ßi"), of("mario", "rossi"));
        assert_eq!(of("Søren", "Łęcki"), of("Soren", "Lecki"));
        assert_eq!(of("Þór", "Æs-Œs"), of("Thor", "AesOes"));
        assert_eq!(of("Đuro", "Ħal Ŋ ı"), of("Duro", "Hal N I"));
        assert_eq!(of("Kaʻi", "D’Angelo"), of("Kai", "D'Angelo"));
        for (given, family) in [("", "Rossi"), ("Mario", ""), ("Mario", " '-"), ("Марио", "Rossi"), ("Mario", "Ρossi"), ("Mario", "李")] {
            assert_eq!(of(given, family), None, "{given} {family}");
        }
        for place in ["", "H50", "H5011", "1501", "H5O1", "HH01", "H50L", "Ħ501", "H５01", "H 01"] {
            assert_eq!(computed("Mario", "Rossi", date("1980-01-01"), M, place), None, "{place}");
        }
    }

    #[test]
    fn a_code_that_differs_from_the_computed_one_is_not_refused() {
        let differing = checked("BNCGVN75B20F839");
        assert_ne!(computed("Mario", "Rossi", date("1980-01-01"), M, "H501"), Some(differing.clone()));
        assert_eq!(code(&differing).as_str(), differing);
    }

    #[test]
    fn omocodia_vectors_have_their_canonical_form() {
        for (form, canonical) in OMOCODIA_VECTORS {
            assert_eq!(code(form).canonical(), canonical);
            assert!(code(form).is_omocodia());
            assert!(!code(canonical).is_omocodia());
            assert!(code(form).may_be_same_person(&code(canonical)));
            assert_ne!(code(form), code(canonical));
            assert_eq!(code(form).birth_day_month(), code(canonical).birth_day_month());
            assert_eq!(code(form).sex(), code(canonical).sex());
            assert_eq!(code(form).birthplace_code(), code(canonical).birthplace_code());
            let kept = format!("{}{}", &form[..15], &canonical[15..]);
            assert_eq!(FiscalCode::parse(&kept).is_ok(), form[15..] == canonical[15..]);
        }
        assert!(!code("RSSMRA80A01H501U").may_be_same_person(&code("RSSMRA80A01F205X")));
    }

    #[test]
    fn there_are_128_forms_and_every_one_is_accepted() {
        for (_, _, _, _, _, text) in PERSONS {
            let forms: Vec<String> = omocodia_forms(&code(text)).collect();
            assert_eq!(forms.first().map(String::as_str), Some(text));
            assert_eq!(forms.iter().collect::<BTreeSet<_>>().len(), 128);
            for form in &forms {
                assert_eq!(independent(&form[..15]), form.chars().last().unwrap());
                assert_eq!(code(form).canonical(), text);
                assert_eq!(omocodia_forms(&code(form)).next().as_deref(), Some(text));
            }
        }
        let all_letters: Vec<String> = omocodia_forms(&code("RSSMRA80A01H501U")).collect();
        assert_eq!(all_letters.last().map(|form| &form[..15]), Some("RSSMRAULALMHRLM"));
    }

    #[test]
    fn omocodia_letters_stand_only_in_the_places_of_digits() {
        for position in [7, 8, 10, 11, 13, 14, 15] {
            for letter in ('A'..='Z').filter(|letter| !"LMNPQRSTUV".contains(*letter)) {
                let mut text: Vec<char> = "RSSMRA80A01H501U".chars().collect();
                text[position - 1] = letter;
                let text: String = text.into_iter().take(15).collect();
                assert_eq!(FiscalCode::parse(&checked(&text)), Err(FiscalCodeError::Character { position }), "{text}");
            }
        }
        for position in [1, 2, 3, 4, 5, 6, 9, 12] {
            for digit in '0'..='9' {
                let mut text: Vec<char> = "RSSMRA80A01H501U".chars().collect();
                text[position - 1] = digit;
                let text: String = text.into_iter().take(15).collect();
                assert_eq!(FiscalCode::parse(&checked(&text)), Err(FiscalCodeError::Character { position }), "{text}");
            }
        }
        assert_eq!(FiscalCode::parse("RSSMRA80A01H5019"), Err(FiscalCodeError::Character { position: 16 }));
    }

    #[test]
    fn one_wrong_character_is_always_noticed() {
        for text in valid_codes() {
            for position in 0..16 {
                for wrong in ('0'..='9').chain('A'..='Z').filter(|wrong| !text[position..].starts_with(*wrong)) {
                    let corrupted: String = text.chars().enumerate().map(|(index, right)| if index == position { wrong } else { right }).collect();
                    assert!(FiscalCode::parse(&corrupted).is_err(), "{text} {corrupted}");
                }
            }
        }
    }

    #[test]
    fn months_have_twelve_letters() {
        for letter in 'A'..='Z' {
            let parsed = FiscalCode::parse(&checked(&format!("RSSMRA80{letter}01H501")));
            match "ABCDEHLMPRST".find(letter) {
                Some(index) => assert_eq!(parsed.unwrap().birth_day_month(), Some((1, i8::try_from(index + 1).unwrap()))),
                None => assert_eq!(parsed, Err(FiscalCodeError::Month)),
            }
        }
    }

    #[test]
    fn days_are_those_of_the_month_for_either_sex() {
        let last = |letter, year: u32| match letter {
            'B' if year.is_multiple_of(4) => 29,
            'B' => 28,
            'D' | 'H' | 'P' | 'S' => 30,
            _ => 31,
        };
        for year in 0..100 {
            for letter in "ABCDEHLMPRST".chars() {
                for written in 0..100 {
                    let parsed = FiscalCode::parse(&checked(&format!("RSSMRA{year:02}{letter}{written:02}H501")));
                    let last = last(letter, year);
                    if (1..=last).contains(&written) {
                        assert_eq!(parsed.unwrap().sex(), Some(M));
                    } else if (41..=40 + last).contains(&written) {
                        assert_eq!(parsed.unwrap().sex(), Some(F));
                    } else {
                        assert_eq!(parsed, Err(FiscalCodeError::Day), "{year} {letter} {written}");
                    }
                }
            }
        }
        let omocodia_of_day_32 = checked("RSSMRA80APNH501");
        assert_eq!(FiscalCode::parse(&omocodia_of_day_32), Err(FiscalCodeError::Day));
    }

    #[test]
    fn the_hint_is_the_latest_date_that_is_not_in_the_future() {
        let born = |first15: &str, today: &str| code(&checked(first15)).birth_date_hint(date(today));
        assert_eq!(born("RSSMRA80A01H501", "2026-06-01"), Some(date("1980-01-01")));
        assert_eq!(born("RSSMRA26H01H501", "2026-06-01"), Some(date("2026-06-01")));
        assert_eq!(born("RSSMRA26H02H501", "2026-06-01"), Some(date("1926-06-02")));
        assert_eq!(born("RSSMRA25H42H501", "2026-06-01"), Some(date("2025-06-02")));
        assert_eq!(born("RSSMRA00B29H501", "2026-06-01"), Some(date("2000-02-29")));
        assert_eq!(born("RSSMRA00B29H501", "1999-06-01"), None);
    }

    #[test]
    fn case_and_surrounding_white_space_do_not_matter() {
        for text in valid_codes() {
            assert_eq!(code(&text.to_lowercase()), code(text));
            assert_eq!(code(&format!(" \t{text}\r\n")), code(text));
            assert_eq!(check_letter(&text[..15].to_lowercase()), text.chars().last());
        }
        assert_eq!(code("rSsMrA80a01H501u").to_string(), "RSSMRA80A01H501U");
        assert_eq!(FiscalCode::parse("RSSMRA 80A01H501U"), Err(FiscalCodeError::Length { found: 17 }));
        assert_eq!(FiscalCode::parse("RSSMRA 0A01H501U"), Err(FiscalCodeError::Character { position: 7 }));
    }

    #[test]
    fn wrong_lengths() {
        let long = "RSSMRA80A01H501URSSMRA80A01H501U";
        for found in (0..=32).filter(|found| *found != 16) {
            assert_eq!(FiscalCode::parse(&long[..found]), Err(FiscalCodeError::Length { found }));
        }
        for found in (0..=32).filter(|found| ![11, 16].contains(found)) {
            assert_eq!(FiscalCode::parse(&"1".repeat(found)), Err(FiscalCodeError::Length { found }));
        }
        assert_eq!(FiscalCode::parse(&"1".repeat(16)), Err(FiscalCodeError::Character { position: 1 }));
        for wrong in ["", "RSSMRA80A01H50", "RSSMRA80A01H501U", "RSSMRA80A01H5Ò1", "RSSMRA80A01H5-1", "RSSMRA80A01H5 1"] {
            assert_eq!(check_letter(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn look_alikes_are_refused() {
        for (text, position) in [
            ("ＲSSMRA80A01H501U", 1),
            ("RSSMRА80A01H501U", 6),
            ("RſSMRA80A01H501U", 2),
            ("RSSMRA８0A01H501U", 7),
            ("RSSMRA8٠A01H501U", 8),
            ("RSSMRA80A0¹H501U", 11),
            ("RSSMRA80A01H501Ü", 16),
            ("RSSMRA80A01H50\u{200b}U", 15),
            ("RSSMRA80A01H50\0U", 15),
            ("\u{feff}SSMRA80A01H501U", 1),
            ("1234567890１", 11),
            ("1234567890A", 11),
            ("12345O78901", 6),
        ] {
            assert_eq!(FiscalCode::parse(text), Err(FiscalCodeError::Character { position }), "{text}");
        }
        for (text, found) in [
            ("RSSMRA80A01H501U\u{a0}", 17),
            ("\u{200b}RSSMRA80A01H501U", 17),
            ("RSSMRA80A01H501U\u{301}", 17),
            ("ßSMRA80A01H501U", 15),
            ("１2345678901", 11),
            ("🇮🇹", 2),
        ] {
            assert_eq!(FiscalCode::parse(text), Err(FiscalCodeError::Length { found }), "{text}");
        }
    }

    #[test]
    fn eleven_digits_are_a_provisional_code_that_tells_nothing() {
        for text in ["12345678903", "12345678901", "00000000000", "99999999999"] {
            let provisional = code(text);
            assert!(provisional.is_provisional());
            assert!(!provisional.is_omocodia());
            assert_eq!(provisional.canonical(), text);
            assert_eq!(omocodia_forms(&provisional).collect::<Vec<_>>(), [text]);
            assert_eq!((provisional.sex(), provisional.birth_day_month(), provisional.birthplace_code()), (None, None, None));
            assert_eq!(provisional.agrees_with_birth_date(date("1980-01-01")), None);
            assert_eq!(provisional.birth_date_hint(date("2026-01-01")), None);
        }
        assert!(!code("RSSMRA80A01H501U").is_provisional());
    }

    #[test]
    fn debug_and_errors_hide_the_code() {
        assert_eq!(format!("{:?}", code("RSSMRA80A01H501U")), "FiscalCode(RSS*************)");
        assert_eq!(format!("{:#?}", Some(code("12345678901"))), "Some(\n    FiscalCode(123********),\n)");
        let error = FiscalCode::parse("RSSMRA80A01H501A").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("RSS"));
    }

    #[test]
    fn serialised_as_a_plain_string() {
        struct Written<'a>(&'a FiscalCode);
        impl fmt::Display for Written<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.serialize(f)
            }
        }
        let read = |text: &'static str| -> Result<FiscalCode, ValueError> {
            let deserializer: StrDeserializer<'static, ValueError> = text.into_deserializer();
            FiscalCode::deserialize(deserializer)
        };
        assert_eq!(Written(&code("rssmra80a01h501u")).to_string(), "RSSMRA80A01H501U");
        assert_eq!(read("rssmra80a01h501u"), Ok(code("RSSMRA80A01H501U")));
        assert_eq!(read("RSSMRA80A01H501A").unwrap_err().to_string(), "the check letter is wrong");
        assert_eq!("RSSMRA80A01H501U".parse::<FiscalCode>().unwrap().as_ref(), "RSSMRA80A01H501U");
        assert_eq!(format!("{:>18}", code("RSSMRA80A01H501U")), "  RSSMRA80A01H501U");
    }

    proptest! {
        #[test]
        fn check_letters_agree(first15 in "[A-Z0-9]{15}") {
            prop_assert_eq!(check_letter(&first15), Some(independent(&first15)));
        }

        #[test]
        fn any_text_is_read_without_a_fall(text in any::<String>()) {
            if let Ok(parsed) = FiscalCode::parse(&text) {
                prop_assert_eq!(FiscalCode::parse(parsed.as_str()), Ok(parsed));
            }
            let _ = check_letter(&text);
            let _ = computed(&text, &text, date("1980-01-01"), M, &text);
        }

        #[test]
        fn any_text_of_the_right_length_is_read_without_a_fall(text in "\\PC{16}|\\PC{11}|[0-9]\\PC{10}|[A-Z]{6}[0-9LMN]{2}\\PC{8}") {
            if let Ok(parsed) = FiscalCode::parse(&text) {
                prop_assert!(parsed.as_str().is_ascii());
            }
        }

        #[test]
        fn what_is_computed_is_accepted(
            given in "[A-Za-zàèéìòù' ]{0,12}[a-z]", family in "[A-Za-zàèéìòùß' ]{0,12}[a-z]", days in 0i32..45_000, female in any::<bool>(),
            place in "[A-MZ][0-9]{3}", choice in 0usize..128
        ) {
            let birth = date("1900-01-01").checked_add(jiff::Span::new().days(days)).unwrap();
            let sex = if female { F } else { M };
            let text = computed(&given, &family, birth, sex, &place).unwrap();
            let parsed = code(&text);
            prop_assert_eq!((parsed.sex(), parsed.agrees_with_birth_date(birth)), (Some(sex), Some(true)));
            let form = omocodia_forms(&parsed).nth(choice).unwrap();
            prop_assert_eq!(code(&form).canonical(), text);
            prop_assert_eq!(code(&form).is_omocodia(), choice != 0);
            prop_assert_eq!(code(&form).agrees_with_birth_date(birth), Some(true));
        }
    }
}
