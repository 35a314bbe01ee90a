//! Phone numbers, by Google's libphonenumber in its Rust port: its metadata know every country's plan.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType, Region};

/// Numbers with fewer digits are extensions or mistakes.
const SHORTEST: usize = 6;
/// Numbers whose plan is not known are compared by their last digits.
const TAIL: usize = 9;

/// The significant national digits of a number: those that are the same whether it is written with the country's code, with a
/// leading zero, or neither, and whether it is a mobile phone's, where that can be told. `country` is an ISO 3166 code, if it is known.
pub fn national(text: &str, country: Option<&str>) -> Option<(String, bool)> {
    let text = text.trim();
    let international = text.starts_with('+') || text.starts_with("00");
    let plus = text.strip_prefix("00").filter(|_| !text.starts_with("000")).map(|rest| format!("+{rest}"));
    let written = plus.as_deref().unwrap_or(text);
    let region = country.and_then(|country| country.parse::<Region>().ok());
    if (international || region.is_some())
        && let Ok(number) = PHONE_NUMBER_UTIL.parse(written, region)
    {
        let digits = number.national_number.to_string();
        if digits.len() >= SHORTEST && !is_placeholder(&digits) {
            let kind = PHONE_NUMBER_UTIL.get_number_type(&number);
            let is_mobile = matches!(kind, PhoneNumberType::Mobile);
            return Some((digits, is_mobile));
        }
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    let is_number = digits.len() >= SHORTEST && !is_placeholder(digits);
    is_number.then(|| (digits[digits.len().saturating_sub(TAIL)..].to_owned(), false))
}

/// Whether digits only fill a field that must not be empty: one digit over and over, or one after the other.
fn is_placeholder(digits: &str) -> bool {
    let steps: Vec<i32> =
        digits.as_bytes().windows(2).map(|pair| i32::from(pair[1]) - i32::from(pair[0])).collect();
    let longest_run =
        steps.chunk_by(|a, b| a == b).filter(|run| run[0] == 0).map(|run| run.len() + 1).max().unwrap_or(0);
    longest_run + 2 >= digits.len() || steps.iter().all(|step| *step == 1 || *step == -9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for text in ["+49 711 2345678", "0049 711/2345678", "0711/2345678", "(0711) 2345678"] {
            assert_eq!(national(text, Some("DE")), Some(("7112345678".into(), false)), "{text}");
        }
        for text in ["+1 510 555 0134", "(510) 555-0134", "510.555.0134", "15105550134"] {
            assert_eq!(national(text, Some("US")), Some(("5105550134".into(), false)), "{text}");
        }
    }

    #[test]
    fn without_a_country_the_digits_remain() {
        assert_eq!(national("310/246-1501", None), Some(("102461501".into(), false)));
        assert_eq!(national("123", None), None);
        assert_eq!(national("n/a", Some("DE")), None);
    }

    #[test]
    fn what_only_fills_the_field_is_no_number() {
        for text in ["000000", "123456789", "1111111111", "999 999 9999", "1234567890"] {
            assert_eq!(national(text, Some("US")), None, "{text}");
        }
    }
}
