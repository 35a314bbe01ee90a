//! Dates, as eight digits: year, month, day.

/// Reads `2026-11-24`, `20261124`, `24.11.2026` or `24/11/2026`; where day and month could be exchanged the day comes first.
pub fn parse(text: &str) -> Option<String> {
    let text = text.split(['T', ' ']).find(|part| !part.is_empty())?;
    let parts: Vec<&str> =
        text.split(|letter: char| !letter.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    match parts[..] {
        [digits] if digits.len() == 8 => Some(digits.to_owned()),
        [year, month, day] if year.len() == 4 => join(year, month, day),
        [day, month, year] if year.len() == 4 => match month.parse() {
            Ok(13..=31_u32) => join(year, day, month),
            _ => join(year, month, day),
        },
        _ => None,
    }
}

/// A date in three columns. A part that is missing is zeros.
pub fn join(year: &str, month: &str, day: &str) -> Option<String> {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let (year, month, day) = (number(year), number(month), number(day));
    if year.is_none() && month.is_none() && day.is_none() {
        return None;
    }
    let date = format!("{:04}{:02}{:02}", year.unwrap_or(0), month.unwrap_or(0), day.unwrap_or(0));
    (date.len() == 8).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_any_order() {
        for text in
            ["2026-11-24", "20261124", "24.11.2026", "24/11/2026", "11/24/2026", "2026-11-24 10:00:00"]
        {
            assert_eq!(parse(text).as_deref(), Some("20261124"), "{text}");
        }
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn three_columns_are_one_date() {
        assert_eq!(join("1949", "7", "22").as_deref(), Some("19490722"));
        assert_eq!(join("1949", "", "22").as_deref(), Some("19490022"));
        assert_eq!(join("", " ", ""), None);
    }
}
