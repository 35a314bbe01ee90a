//! Numbers in names, however they are written. What is numbered is told apart by its number: fund VII is not fund VIII.

/// Words for the first ten numbers, sorted.
const WORDS: &[(&str, &str)] = &[
    ("acht", "8"),
    ("cinco", "5"),
    ("cinq", "5"),
    ("cinque", "5"),
    ("cuatro", "4"),
    ("deux", "2"),
    ("dez", "10"),
    ("dieci", "10"),
    ("diez", "10"),
    ("dois", "2"),
    ("drei", "3"),
    ("dritte", "3"),
    ("dritter", "3"),
    ("drittes", "3"),
    ("eight", "8"),
    ("eighth", "8"),
    ("eins", "1"),
    ("erste", "1"),
    ("erster", "1"),
    ("erstes", "1"),
    ("fifth", "5"),
    ("first", "1"),
    ("five", "5"),
    ("four", "4"),
    ("fourth", "4"),
    ("funf", "5"),
    ("funfte", "5"),
    ("huit", "8"),
    ("neuf", "9"),
    ("neun", "9"),
    ("nine", "9"),
    ("ninth", "9"),
    ("nove", "9"),
    ("nueve", "9"),
    ("ocho", "8"),
    ("one", "1"),
    ("pervaia", "1"),
    ("premier", "1"),
    ("premiere", "1"),
    ("primeira", "1"),
    ("primeiro", "1"),
    ("primera", "1"),
    ("primero", "1"),
    ("quatre", "4"),
    ("quatro", "4"),
    ("quattro", "4"),
    ("sechs", "6"),
    ("second", "2"),
    ("seconde", "2"),
    ("segunda", "2"),
    ("segundo", "2"),
    ("seis", "6"),
    ("sept", "7"),
    ("sete", "7"),
    ("sette", "7"),
    ("seven", "7"),
    ("seventh", "7"),
    ("sieben", "7"),
    ("siete", "7"),
    ("six", "6"),
    ("sixth", "6"),
    ("tenth", "10"),
    ("tercera", "3"),
    ("tercero", "3"),
    ("third", "3"),
    ("three", "3"),
    ("tre", "3"),
    ("tres", "3"),
    ("trois", "3"),
    ("troisieme", "3"),
    ("two", "2"),
    ("uno", "1"),
    ("vier", "4"),
    ("vierte", "4"),
    ("vierter", "4"),
    ("zehn", "10"),
    ("zwei", "2"),
    ("zweite", "2"),
    ("zweiter", "2"),
    ("zweites", "2"),
];

/// Endings of ordinal numbers in digits.
const ENDINGS: &[&str] = &["st", "nd", "rd", "th", "er", "ere", "eme"];

/// Words that announce a number and say nothing else.
const SIGNS: &[&str] = &["no", "nr", "num", "numero", "nummer", "number", "n"];

/// The digits that a word stands for: `7` for `vii`, `3` for `3rd`; `None` where it is no number.
pub fn digits(word: &str) -> Option<String> {
    if let Ok(place) = WORDS.binary_search_by(|(number, _)| (*number).cmp(word)) {
        return WORDS.get(place).map(|(_, digits)| (*digits).to_owned());
    }
    if word.starts_with(|letter: char| letter.is_ascii_digit()) {
        let end = word.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(word.len());
        let (digits, ending) = word.split_at(end);
        let digits = digits.trim_start_matches('0');
        let digits = if digits.is_empty() { "0" } else { digits };
        return Some(if ENDINGS.contains(&ending) { digits.to_owned() } else { format!("{digits}{ending}") });
    }
    roman(word).map(|number| number.to_string())
}

/// A Roman numeral of two letters and more, below forty: longer ones are words more often than numbers.
pub fn roman(word: &str) -> Option<u32> {
    if !(2..=6).contains(&word.len()) {
        return None;
    }
    let tens = word.bytes().take_while(|letter| *letter == b'x').count();
    let ones = match word.get(tens..)? {
        "" => 0,
        "i" => 1,
        "ii" => 2,
        "iii" => 3,
        "iv" => 4,
        "v" => 5,
        "vi" => 6,
        "vii" => 7,
        "viii" => 8,
        "ix" => 9,
        _ => return None,
    };
    let tens = u32::try_from(tens).ok().filter(|tens| *tens < 4)?;
    Some(tens * 10 + ones)
}

/// Whether a word only announces the number behind it.
pub fn is_sign(word: &str) -> bool {
    SIGNS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (word, number) in [
            ("vii", "7"),
            ("viii", "8"),
            ("xxiv", "24"),
            ("3rd", "3"),
            ("third", "3"),
            ("012", "12"),
            ("12b", "12b"),
        ] {
            assert_eq!(digits(word).as_deref(), Some(number), "{word}");
        }
    }

    #[test]
    fn words_are_no_numbers() {
        for word in ["mix", "v", "x", "civil", "iiii", "xxxx", "acme", "dixie", ""] {
            assert_eq!(digits(word), None, "{word}");
        }
        assert!(WORDS.is_sorted());
    }
}
