//! Days, months and years as they may be written in a date (rule 11).

/// What a piece of a date stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Day,
    Month,
    Year,
}

/// A day, month or year read in a folded text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// As read: nothing says that such a day or month exists.
    pub(super) value: i16,
    /// Where it begins.
    pub(super) start: usize,
    /// Where it ends, exclusive.
    pub(super) end: usize,
    /// Whether it is a month's name.
    pub(super) named: bool,
}

impl Token {
    /// Whether it is one digit.
    pub(super) fn is_single(&self) -> bool {
        !self.named && self.end - self.start == 1
    }

    /// Whether it is a year of four digits.
    pub(super) fn is_full_year(&self) -> bool {
        !self.named && self.end - self.start == 4
    }
}

/// Every way to read the field at this place.
pub(super) fn read(text: &[char], start: usize, field: Field) -> Vec<Token> {
    let numbers = match field {
        Field::Day | Field::Month => [1, 2],
        Field::Year => [2, 4],
    };
    let mut tokens: Vec<Token> = numbers
        .into_iter()
        .filter_map(|width| Some(Token { value: number(text.get(start..start + width)?)?, start, end: start + width, named: false }))
        .collect();
    if field == Field::Month && text.get(start).is_some_and(char::is_ascii_lowercase) {
        tokens.extend(month_names(text, start));
    }
    tokens
}

fn number(digits: &[char]) -> Option<i16> {
    digits.iter().try_fold(0, |value: i16, c| Some(value * 10 + i16::try_from(c.to_digit(10)?).ok()?))
}

fn month_names(text: &[char], start: usize) -> impl Iterator<Item = Token> {
    let rest = text.get(start..).unwrap_or_default();
    (1..).zip(MONTHS).flat_map(move |(value, names)| {
        let written = |name: &&&str| name.chars().zip(rest).filter(|(a, b)| a == *b).count() == name.len();
        names.iter().filter(written).map(move |name| Token { value, start, end: start + name.len(), named: true }).collect::<Vec<_>>()
    })
}

/// Italian and English names and abbreviations of the twelve months, folded.
const MONTHS: [&[&str]; 12] = [
    &["gennaio", "genn", "gen", "january", "jan"],
    &["febbraio", "febbr", "febb", "feb", "february"],
    &["marzo", "mar", "march"],
    &["aprile", "apr", "april"],
    &["maggio", "magg", "mag", "may"],
    &["giugno", "giug", "giu", "june", "jun"],
    &["luglio", "lugl", "lug", "july", "jul"],
    &["agosto", "ago", "august", "aug"],
    &["settembre", "sett", "set", "september", "sept", "sep"],
    &["ottobre", "ott", "october", "oct"],
    &["novembre", "nov", "november"],
    &["dicembre", "dic", "december", "dec"],
];
