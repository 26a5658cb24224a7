//! Folding: what two texts must share for one to be recognised in the other (rules 9-11).
//!
//! Compatibility forms, case, accents, the letters that no decomposition reaches, digits of other scripts and look-alike dashes and slashes are
//! levelled; invisible characters are dropped. One character may become several, so each remembers where it came from.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use super::chars::{decimal_digit, is_invisible};

/// The character of the source that a folded one came from.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Origin {
    index: usize,
    value: char,
}

/// A folded text.
pub(super) struct Folded {
    values: Vec<char>,
    origins: Vec<Origin>,
}

impl Folded {
    /// Folds a text, after NFC.
    pub(super) fn of(text: &str) -> Self {
        let mut folded = Self { values: Vec::new(), origins: Vec::new() };
        for (index, value) in text.nfc().enumerate().filter(|(_, c)| !is_invisible(*c)) {
            fold_char(value, &mut |c| {
                folded.values.push(c);
                folded.origins.push(Origin { index, value });
            });
        }
        folded
    }

    /// The folded characters.
    pub(super) fn values(&self) -> &[char] {
        &self.values
    }

    /// The folded letters and numbers, without what stands between them.
    pub(super) fn alphanumerics(&self) -> Vec<char> {
        self.values.iter().copied().filter(|c| c.is_alphanumeric()).collect()
    }

    /// The runs of letters, each with how many letters of the source it took.
    pub(super) fn words(&self) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        let mut last = None;
        for (value, origin) in self.values.iter().zip(&self.origins) {
            if !value.is_alphabetic() {
                last = None;
                continue;
            }
            match (last, words.last_mut()) {
                (Some(index), Some(word)) => {
                    word.values.push(*value);
                    word.letters += usize::from(index != origin.index);
                }
                _ => words.push(Word { values: vec![*value], letters: 1 }),
            }
            last = Some(origin.index);
        }
        words
    }

    /// Every place where the parts stand one after the other, with nothing but separators between them.
    pub(super) fn places(&self, parts: &[&[char]]) -> impl Iterator<Item = Range<usize>> {
        (0..self.values.len()).filter_map(move |start| Some(start..self.end(start, parts)?))
    }

    fn end(&self, start: usize, parts: &[&[char]]) -> Option<usize> {
        let mut end = start;
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                end += self.values.get(end..)?.iter().take_while(|c| !c.is_alphanumeric()).count();
            }
            end = self.values.get(end..)?.starts_with(part).then_some(end + part.len())?;
        }
        Some(end)
    }

    /// Whether a place has such a character next to it. What a symbol unfolds to (`™`) stands for the symbol, unless the place is inside it.
    pub(super) fn touches(&self, place: &Range<usize>, such: impl Fn(char) -> bool) -> bool {
        let touch = |edge: Option<usize>, beside: Option<usize>| {
            let (Some(edge), Some(beside)) = (edge, beside) else { return false };
            match (self.values.get(beside), self.origins.get(beside), self.origins.get(edge)) {
                (Some(value), Some(origin), Some(own)) => such(*value) && (origin == own || such(origin.value)),
                _ => false,
            }
        };
        touch(Some(place.start), place.start.checked_sub(1)) || touch(place.end.checked_sub(1), Some(place.end))
    }
}

/// A run of letters.
pub(super) struct Word {
    /// Folded.
    pub(super) values: Vec<char>,
    /// How many letters it had before folding.
    pub(super) letters: usize,
}

fn fold_char(c: char, emit: &mut impl FnMut(char)) {
    // Decomposed, a Korean syllable would count as two or three letters.
    if matches!(c, '\u{AC00}'..='\u{D7A3}') {
        return emit(c);
    }
    decompose_compatible(c, |part| {
        for lower in part.to_lowercase().filter(|lower| !is_combining_mark(*lower)) {
            level(lower, emit);
        }
    });
}

fn level(c: char, emit: &mut impl FnMut(char)) {
    let levelled = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ŧ' => "t",
        'ŋ' => "n",
        'ı' => "i",
        'ς' => "σ",
        // Letters by category, apostrophes by use: they separate the parts of a name.
        '\u{2B9}'..='\u{2BF}' => "'",
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{2044}' | '\u{2215}' => "/",
        _ => return emit(decimal_digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)),
    };
    levelled.chars().for_each(emit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fold(text: &str) -> String {
        Folded::of(text).values().iter().collect()
    }

    #[test]
    fn levels_case_accents_and_special_letters() {
        assert_eq!(fold("Łukasz GROSS Groß Bjørn Nguyễn Æsœþð ıİI"), "lukasz gross gross bjorn nguyen aesoethd iii");
        assert_eq!(fold("N\u{303}u e\u{301}"), "nu e");
        assert_eq!(fold("Ｍａｒｉｏ ﬁ １２／٣٤—𝟓𝟔 a\u{200B}b\u{AD}c"), "mario fi 12/34-56 abc");
        assert_eq!(fold("김Σς"), "김σσ");
    }

    #[test]
    fn words_count_the_letters_of_the_source() {
        let count = |text: &str| Folded::of(text).words().iter().map(|w| (w.values.iter().collect(), w.letters)).collect::<Vec<(String, usize)>>();
        assert_eq!(count("D’Angelo-Æs 김"), [("d".into(), 1), ("angelo".into(), 6), ("aes".into(), 2), ("김".into(), 1)]);
        assert!(count("12 -").is_empty());
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text);
            // Korean letters that stood apart compose the second time.
            prop_assert_eq!(fold(&once).nfc().collect::<String>(), once.nfc().collect::<String>());
        }
    }
}
