//! Phone numbers, by Google's libphonenumber in its Rust port: its metadata know every country's plan.

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// Numbers with fewer digits are extensions or mistakes.
const SHORTEST: usize = 6;
/// Numbers whose plan is not known are compared by their last digits.
const TAIL: usize = 9;

/// The significant national digits of a number: those that are the same whether it is written with the country's code, with a
/// leading zero, or neither. `country` is an ISO 3166 code, if it is known.
pub fn national(text: &str, country: Option<&str>) -> Option<String> {
    let text = text.trim();
    let international = text.starts_with('+') || text.starts_with("00");
    let plus = text.strip_prefix("00").filter(|_| !text.starts_with("000")).map(|rest| format!("+{rest}"));
    let written = plus.as_deref().unwrap_or(text);
    let region = country.and_then(|country| country.parse::<Region>().ok());
    if (international || region.is_some())
        && let Ok(number) = PHONE_NUMBER_UTIL.parse(written, region)
    {
        let digits = number.national_number.to_string();
        if digits.len() >= SHORTEST {
            return Some(digits);
        }
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    (digits.len() >= SHORTEST).then(|| digits[digits.len().saturating_sub(TAIL)..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for text in ["+49 711 2345678", "0049 711/2345678", "0711/2345678", "(0711) 2345678"] {
            assert_eq!(national(text, Some("DE")).as_deref(), Some("7112345678"), "{text}");
        }
        for text in ["+1 510 555 0134", "(510) 555-0134", "510.555.0134", "15105550134"] {
            assert_eq!(national(text, Some("US")).as_deref(), Some("5105550134"), "{text}");
        }
    }

    #[test]
    fn without_a_country_the_digits_remain() {
        assert_eq!(national("310/246-1501", None).as_deref(), Some("102461501"));
        assert_eq!(national("123", None), None);
        assert_eq!(national("n/a", Some("DE")), None);
    }
}
