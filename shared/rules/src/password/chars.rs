//! Kinds of characters (rules 6 and 8).
//!
//! Each character of a password is at most one of: upper, lower, digit, special, white space, invisible. Letters without case, combining marks and
//! numbers that are not decimal digits (`½`, `²`, `Ⅷ`) are allowed, but are none of the kinds that rule 6 asks for.

use unicode_normalization::char::is_combining_mark;

/// An upper-case letter of any script, accented ones included (6).
pub(super) fn is_upper(c: char) -> bool {
    c.is_uppercase() && !c.is_numeric()
}

/// A lower-case letter of any script, accented ones included (6).
pub(super) fn is_lower(c: char) -> bool {
    c.is_lowercase() && !c.is_numeric() && !is_combining_mark(c)
}

/// The value of a decimal digit of any script (6, 11).
pub(super) fn decimal_digit(c: char) -> Option<u32> {
    let scalar = u32::from(c);
    let zero = ZEROS.get(ZEROS.partition_point(|zero| *zero <= scalar).checked_sub(1)?)?;
    Some(scalar - zero).filter(|value| *value < 10)
}

/// Neither a letter nor a number nor blank; a mark that only sits on another character is not special (6).
pub(super) fn is_special(c: char) -> bool {
    !c.is_alphanumeric() && !c.is_whitespace() && !is_invisible(c) && !is_combining_mark(c)
}

/// Takes no ink and is not white space: controls, formats, default-ignorable characters, fillers, blanks and noncharacters (8).
pub(super) fn is_invisible(c: char) -> bool {
    if c.is_whitespace() {
        return false;
    }
    let scalar = u32::from(c);
    c.is_control() || scalar & 0xFFFE == 0xFFFE || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&scalar))
}

/// The zeros of Unicode 17: the nine characters after each are the digits 1 to 9 of the same script.
#[rustfmt::skip]
const ZEROS: [u32; 77] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0,
    0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900,
    0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0,
    0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130,
    0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1,
    0x1E950, 0x1FBF0,
];

/// First and last: general category Cf, the property Default_Ignorable_Code_Point, noncharacters, and characters whose glyph is empty.
#[rustfmt::skip]
const INVISIBLE: [(u32, u32); 35] = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x0600, 0x0605), (0x061C, 0x061C), (0x06DD, 0x06DD), (0x070F, 0x070F), (0x0890, 0x0891),
    (0x08E2, 0x08E2), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F),
    (0x2800, 0x2800), (0x3164, 0x3164), (0xFDD0, 0xFDEF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x13441, 0x13442), (0x16FE4, 0x16FE4), (0x1BCA0, 0x1BCA3),
    (0x1D159, 0x1D159), (0x1D173, 0x1D17A), (0xE0000, 0xE00FF), (0xE0100, 0xE01EF), (0xE01F0, 0xE0FFF), (0x1107F, 0x1107F),
    (0x1133B, 0x1133B), (0xFFFE, 0xFFFF),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_is_at_most_one_kind() {
        for c in '\0'..=char::MAX {
            let kinds = [is_upper(c), is_lower(c), decimal_digit(c).is_some(), is_special(c), c.is_whitespace(), is_invisible(c)].into_iter().filter(|k| *k);
            assert!(kinds.count() <= 1, "{c:?}");
            assert!(decimal_digit(c).is_none() || c.is_numeric(), "{c:?}");
        }
    }

    #[test]
    fn kinds_of_letters() {
        assert!("AÀÉŁØĐÞİẞΣЖ".chars().all(is_upper));
        assert!("aàéłøđþıßσж".chars().all(is_lower));
        assert!("0９٣৪𝟠".chars().all(|c| decimal_digit(c).is_some()));
        assert_eq!("0９٣৪𝟠".chars().filter_map(decimal_digit).collect::<Vec<_>>(), [0, 9, 3, 4, 8]);
        assert!("!#€°§£·«…’🙂_-".chars().all(is_special));
        for c in "\u{301}\u{20E3}½²Ⅷⅷ王あªʼ".chars() {
            assert!(!is_special(c) && decimal_digit(c).is_none() && !is_upper(c), "{c:?}");
        }
    }

    #[test]
    fn blanks() {
        assert!("\t\n\r \u{85}\u{A0}\u{1680}\u{2003}\u{2028}\u{202F}\u{205F}\u{3000}".chars().all(|c| c.is_whitespace() && !is_invisible(c)));
        let invisible = "\0\u{1B}\u{7F}\u{AD}\u{34F}\u{61C}\u{115F}\u{1160}\u{180E}\u{200B}\u{200C}\u{200D}\u{200E}\u{200F}\u{202E}\u{2060}\u{2066}\u{2800}\u{3164}\u{FE0F}\u{FEFF}\u{FFA0}\u{FFFE}\u{E0041}\u{E0101}\u{10FFFF}";
        assert!(invisible.chars().all(is_invisible));
        assert!("aÀ1!-\u{301}🙂王".chars().all(|c| !is_invisible(c)));
    }
}
