//! Durations as Go writes them: `1h30m`, `300ms`, `-1.5h`.

const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds of a duration; `None` if the text is not one.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest
            .find(|one: char| !one.is_ascii_digit() && one != '.')
            .unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let unit_end = tail
            .find(|one: char| one.is_ascii_digit() || one == '.')
            .unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit_end);
        let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(scaled(number, scale)?)?;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut total = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.bytes().take(18) {
        place /= 10;
        total += place * i128::from(digit.checked_sub(b'0')?);
    }
    Some(total)
}

/// A duration as Go prints it.
pub(crate) fn print(nanoseconds: i64) -> String {
    let absolute = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    if absolute == 0 {
        return "0s".to_owned();
    }
    if absolute < 1_000 {
        return format!("{sign}{absolute}ns");
    }
    if absolute < 1_000_000 {
        return format!("{sign}{}µs", fraction(absolute, 1_000));
    }
    if absolute < 1_000_000_000 {
        return format!("{sign}{}ms", fraction(absolute, 1_000_000));
    }
    let minutes = absolute / 60_000_000_000;
    let seconds = fraction(absolute % 60_000_000_000, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

fn fraction(value: u64, unit: u64) -> String {
    let (whole, rest) = (value / unit, value % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let digits = unit.ilog10() as usize;
    let text = format!("{whole}.{rest:0digits$}");
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_as_go_does() {
        for (text, nanoseconds, printed) in [
            ("1h30m", 5_400_000_000_000, "1h30m0s"),
            ("300ms", 300_000_000, "300ms"),
            ("-1.5h", -5_400_000_000_000, "-1h30m0s"),
            ("0", 0, "0s"),
            ("1500us", 1_500_000, "1.5ms"),
        ] {
            assert_eq!(parse(text), Some(nanoseconds), "{text}");
            assert_eq!(print(nanoseconds), printed);
        }
        for text in ["", "1", "h", "1x", "-", "1..2s", "9999999999h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
