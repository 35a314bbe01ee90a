//! Text that was written in UTF-8 and read as Windows-1252: `CrÃªperie`. Files that went through a spreadsheet have it.

use std::borrow::Cow;

/// What Windows-1252 has where ISO 8859-1 has control characters, from byte 0x80 on.
/// <https://encoding.spec.whatwg.org/index-windows-1252.txt>
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The text as it was meant; as it is, unless all of it is such a misreading.
pub fn repaired(text: &str) -> Cow<'_, str> {
    // The first byte of nearly every letter of Europe.
    if !text.contains(['Ã', 'Ä', 'Å', 'Â']) {
        return text.into();
    }
    let bytes: Option<Vec<u8>> = text.chars().map(byte).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map_or(text.into(), Into::into)
}

fn byte(letter: char) -> Option<u8> {
    if let Some(place) = HIGH.iter().position(|high| *high == letter) {
        return u8::try_from(place + 0x80).ok();
    }
    u8::try_from(u32::from(letter)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_wrongly_is_read_again() {
        for (misread, meant) in [
            ("CrÃªperie Chez Ã‰loÃ¯se", "Crêperie Chez Éloïse"),
            ("MÃ¼ller", "Müller"),
            ("Å\u{81}Ã³dÅº", "Łódź"),
        ] {
            assert_eq!(repaired(misread), meant);
        }
    }

    #[test]
    fn what_is_right_stays() {
        for text in ["SÃO PAULO", "Ångström", "Ärzte", "Müller", "PÃO", ""] {
            assert_eq!(repaired(text), text);
        }
    }
}
