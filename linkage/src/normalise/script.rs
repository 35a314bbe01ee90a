//! What transliteration hides. Two names that are written with different characters are two names, although both may come out as
//! the same Latin letters: 王伟 and 王维 are both `wang wei`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::record::hash;

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// In Latin letters, or in digits.
    Latin,
    /// In Greek letters.
    Greek,
    /// In Cyrillic letters.
    Cyrillic,
    /// In Chinese characters.
    Han,
    /// In Japanese syllables.
    Kana,
    /// In Korean syllables.
    Hangul,
    /// In Arabic or Hebrew letters.
    Abjad,
    /// In any other.
    Other,
}

impl Script {
    fn of(letter: char) -> Self {
        match letter {
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Self::Greek,
            '\u{400}'..='\u{52f}' => Self::Cyrillic,
            '\u{590}'..='\u{6ff}'
            | '\u{750}'..='\u{77f}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}' => Self::Abjad,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => Self::Hangul,
            '\u{3040}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' => Self::Kana,
            '\u{3005}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => {
                Self::Han
            }
            '\u{530}'.. if letter.is_alphabetic() && !is_wide_latin(letter) && !is_latin(letter) => {
                Self::Other
            }
            _ => Self::Latin,
        }
    }

    /// Whether a slip of the finger changes a letter and not a whole sound or sense: only in alphabets with vowels.
    pub fn has_slips(self) -> bool {
        matches!(self, Self::Latin | Self::Greek | Self::Cyrillic)
    }
}

fn is_latin(letter: char) -> bool {
    matches!(letter, '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}' | '\u{fb00}'..='\u{fb06}')
}

/// Full-width Latin letters and digits, and signs like ㈱ that stand for several.
fn is_wide_latin(letter: char) -> bool {
    matches!(letter, '\u{ff01}'..='\u{ff5e}' | '\u{2100}'..='\u{214f}')
}

/// A word's own characters, in two bytes: its script and a hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Native(u16);

const HASH_BITS: u32 = 13;

impl Native {
    /// Of a word that was [folded](fold).
    pub fn of(word: &str) -> Self {
        let script = script_of(word);
        if script == Script::Latin { Self::default() } else { Self::new(script, hash(word.as_bytes())) }
    }

    fn new(script: Script, hash: u32) -> Self {
        let kept = u16::try_from(hash >> (32 - HASH_BITS)).unwrap_or_default();
        Self(((script as u16) << HASH_BITS) | kept)
    }

    /// Of several words in a row.
    pub fn join(words: impl Iterator<Item = Self>) -> Self {
        let mut bytes = Vec::new();
        let mut script = Script::Latin;
        for word in words {
            if script == Script::Latin {
                script = word.script();
            }
            bytes.extend(word.0.to_le_bytes());
        }
        if script == Script::Latin { Self::default() } else { Self::new(script, hash(&bytes)) }
    }

    /// The script.
    pub fn script(self) -> Script {
        match self.0 >> HASH_BITS {
            1 => Script::Greek,
            2 => Script::Cyrillic,
            3 => Script::Han,
            4 => Script::Kana,
            5 => Script::Hangul,
            6 => Script::Abjad,
            7 => Script::Other,
            _ => Script::Latin,
        }
    }

    /// Whether two words that are the same in Latin letters are so in their own: words of two scripts may be.
    pub fn agrees(self, other: Self) -> bool {
        self == other || self.script() != other.script()
    }

    /// Two bytes of it.
    pub(crate) fn bits(self) -> u16 {
        self.0
    }
}

fn script_of(word: &str) -> Script {
    if word.is_ascii() {
        return Script::Latin;
    }
    word.chars().map(Script::of).find(|script| *script != Script::Latin).unwrap_or(Script::Latin)
}

/// A word in one spelling of its script: with and without vowel signs, of full or half width, composed or not.
pub fn fold(word: &str) -> Cow<'_, str> {
    match script_of(word) {
        Script::Latin => word.into(),
        // Accents and vowel signs are left out as often as they are written.
        Script::Greek | Script::Cyrillic | Script::Abjad => {
            let letters = word.nfkd().filter(|letter| !is_combining_mark(*letter));
            letters.flat_map(char::to_lowercase).map(plain).collect()
        }
        _ => word.nfkc().map(plain).collect(),
    }
}

/// A letter without what writers leave out or write in another way.
fn plain(letter: char) -> char {
    match letter {
        // Arabic and Persian keyboards have their own forms of some letters.
        'آ' | 'أ' | 'إ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ئ' => 'ي',
        'ة' => 'ه',
        'ک' => 'ك',
        'ؤ' => 'و',
        // Letters at the end of a word.
        'ς' => 'σ',
        'ך' => 'כ',
        'ם' => 'מ',
        'ן' => 'נ',
        'ף' => 'פ',
        'ץ' => 'צ',
        // Hiragana is Katakana.
        '\u{3041}'..='\u{3096}' => char::from_u32(letter as u32 + 0x60).unwrap_or(letter),
        _ => super::han::usual(letter),
    }
}

/// Whether each character is a word: Chinese has no spaces.
pub fn is_word_by_itself(letter: char) -> bool {
    Script::of(letter) == Script::Han
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(word: &str) -> Native {
        Native::of(&fold(word))
    }

    #[test]
    fn the_same_letters_are_the_same_however_they_are_typed() {
        for (a, b) in [
            ("أحمد", "احمد"),
            ("مُحَمَّد", "محمد"),
            ("علی", "علي"),
            ("Ρώμη", "ΡΩΜΗ"),
            ("Семён", "СЕМЕН"),
            ("ﾄﾖﾀ", "とよた"),
            ("廣", "广"),
            ("שלום", "שָׁלוֹם"),
        ] {
            assert_eq!(native(a), native(b), "{a} {b}");
        }
    }

    #[test]
    fn other_letters_are_other_words() {
        for (a, b) in [("伟", "维"), ("محمد", "محمود"), ("राम", "रमा"), ("정", "전")]
        {
            assert!(!native(a).agrees(native(b)), "{a} {b}");
        }
    }

    #[test]
    fn words_of_two_scripts_may_agree() {
        assert!(native("伟").agrees(native("wei")));
        assert_eq!(native("Brückner"), Native::default());
        assert_eq!(native("ＡＢＣ１２"), Native::default());
    }
}
