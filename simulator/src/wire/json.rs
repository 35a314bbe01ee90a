//! JSON written straight into bytes: the feed is most of the work, so nothing is built in between.

/// Appends a whole number.
pub(crate) fn int(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(out, value.unsigned_abs());
}

/// Appends a whole number that is not negative.
pub(crate) fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = digit(value % 10);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a number with leading zeros up to `width` digits.
pub(crate) fn padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut limit = 1u64;
    for _ in 1..width {
        limit *= 10;
    }
    while limit > 1 && value < limit {
        out.push(b'0');
        limit /= 10;
    }
    unsigned(out, value);
}

/// Appends hundredths as a decimal with two digits behind the point: `-12.30`.
pub(crate) fn hundredths(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    let value = value.unsigned_abs();
    unsigned(out, value / 100);
    out.push(b'.');
    out.push(digit(value % 100 / 10));
    out.push(digit(value % 10));
}

/// Appends `value / 10^places` as the shortest decimal with at least one decimal: `0.9034`, `14.4`, `0.0`.
pub(crate) fn shortest(out: &mut Vec<u8>, value: i64, places: u32) {
    if value < 0 {
        out.push(b'-');
    }
    let unit = 10u64.pow(places);
    let value = value.unsigned_abs();
    unsigned(out, value / unit);
    out.push(b'.');
    let mut rest = value % unit;
    let mut unit = unit / 10;
    loop {
        out.push(digit(rest / unit));
        rest %= unit;
        unit /= 10;
        if rest == 0 || unit == 0 {
            break;
        }
    }
}

/// Appends a quoted string with what JSON asks to be escaped.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text.as_bytes());
    out.push(b'"');
}

/// Appends text inside a string that is already open.
pub(crate) fn escaped(out: &mut Vec<u8>, text: &[u8]) {
    let mut clean = 0;
    for (at, &byte) in text.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text[clean..at]);
        clean = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(b"0123456789abcdef"[usize::from(byte >> 4)]);
                out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&text[clean..]);
}

fn digit(value: u64) -> u8 {
    b'0' + u8::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_in_full() {
        assert_eq!(written(|out| int(out, i64::MIN)), i64::MIN.to_string());
        assert_eq!(written(|out| int(out, 0)), "0");
        assert_eq!(written(|out| padded(out, 42, 5)), "00042");
        assert_eq!(written(|out| padded(out, 123_456, 5)), "123456");
        assert_eq!(written(|out| hundredths(out, -5)), "-0.05");
        assert_eq!(written(|out| hundredths(out, 216_773)), "2167.73");
        assert_eq!(written(|out| shortest(out, 903_400, 6)), "0.9034");
        assert_eq!(written(|out| shortest(out, 1_000_000, 6)), "1.0");
        assert_eq!(written(|out| shortest(out, 1440, 2)), "14.4");
        assert_eq!(written(|out| shortest(out, -7, 2)), "-0.07");
    }

    #[test]
    fn strings_survive_a_json_parser() {
        let text = "a \"quoted\" back\\slash\nline\u{1} ünïcode";
        let json = written(|out| string(out, text));
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
