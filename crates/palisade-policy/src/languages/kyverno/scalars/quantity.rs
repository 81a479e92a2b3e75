//! Kubernetes resource quantities: `500m`, `1.5Gi`, `12e6`.

use std::cmp::Ordering;

/// How a quantity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `Ki`, `Mi`, …
    Binary,
    /// `m`, `k`, `M`, …
    Decimal,
    /// `12e6`.
    Exponent,
}

/// An amount in billionths, as precise as Kubernetes keeps it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantity {
    nano: i128,
    format: Format,
}

const NANO: i128 = 1_000_000_000;
const DECIMAL: [(&str, i128); 10] = [
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("", NANO),
    ("k", 1_000 * NANO),
    ("M", 1_000_000 * NANO),
    ("G", NANO * NANO),
    ("T", 1_000 * NANO * NANO),
    ("P", 1_000_000 * NANO * NANO),
    ("E", NANO * NANO * NANO),
];
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

impl Quantity {
    /// Reads a quantity.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let end = text
            .char_indices()
            .find(|(at, one)| {
                !(one.is_ascii_digit() || *one == '.' || *at == 0 && matches!(one, '+' | '-'))
            })
            .map_or(text.len(), |(at, _)| at);
        let (number, suffix) = text.split_at(end);
        let (scale, format) = scale(suffix)?;
        Some(Self {
            nano: scaled(number, scale)?,
            format,
        })
    }

    /// An amount in billionths.
    pub(crate) const fn of_nano(nano: i128, format: Format) -> Self {
        Self { nano, format }
    }

    /// The amount in billionths.
    pub(crate) const fn nano(self) -> i128 {
        self.nano
    }

    /// How it was written.
    pub(crate) const fn format(self) -> Format {
        self.format
    }

    /// The nearest binary fraction.
    #[expect(clippy::cast_precision_loss, reason = "the nearest one is asked for")]
    pub(crate) fn approximate(self) -> f64 {
        self.nano as f64 / NANO as f64
    }

    /// The canonical text.
    pub(crate) fn print(self) -> String {
        if self.nano == 0 {
            return "0".to_owned();
        }
        if self.format == Format::Binary && self.nano % NANO == 0 {
            let mut amount = self.nano / NANO;
            let mut suffix = "";
            if amount.abs() >= 1024 {
                for next in BINARY {
                    if amount % 1024 != 0 {
                        break;
                    }
                    amount /= 1024;
                    suffix = next;
                }
            }
            return format!("{amount}{suffix}");
        }
        let fitting = DECIMAL
            .iter()
            .rev()
            .find(|(_, scale)| self.nano % scale == 0);
        let (suffix, scale) = fitting.copied().unwrap_or(("n", 1));
        let amount = self.nano / scale;
        if self.format == Format::Exponent {
            return match scale.ilog10().checked_sub(9) {
                Some(0) => amount.to_string(),
                Some(power) => format!("{amount}e{power}"),
                None => format!("{amount}e-{}", 9 - scale.ilog10()),
            };
        }
        format!("{amount}{suffix}")
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

/// Billionths per unit of a suffix.
fn scale(suffix: &str) -> Option<(i128, Format)> {
    if let Some((_, scale)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((*scale, Format::Decimal));
    }
    if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        let power = u32::try_from(power).ok()?;
        return Some((NANO.checked_mul(1024_i128.pow(power + 1))?, Format::Binary));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let power = u32::try_from(exponent + 9)
        .ok()
        .filter(|power| *power <= 27)?;
    Some((10_i128.pow(power), Format::Exponent))
}

/// The number times the scale, rounded away from zero below a billionth.
fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (negative, digits) = match number.as_bytes().first()? {
        b'-' => (true, number.get(1..)?),
        b'+' => (false, number.get(1..)?),
        _ => (false, number),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut total = whole.checked_mul(scale)?;
    if !fraction.is_empty() {
        let kept = fraction.get(..fraction.len().min(18))?;
        let unit = 10_i128.pow(u32::try_from(kept.len()).ok()?);
        let part = kept.parse::<i128>().ok()?.checked_mul(scale)?;
        total = total.checked_add(part.div_euclid(unit))?;
        if part.rem_euclid(unit) != 0 {
            total = total.checked_add(1)?;
        }
    }
    Some(if negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_compare_across_suffixes() {
        let read = |text| Quantity::parse(text).unwrap();
        assert_eq!(read("1Gi"), read("1024Mi"));
        assert_eq!(read("0.5"), read("500m"));
        assert_eq!(read("12e6"), read("12M"));
        assert!(read("1G") < read("1Gi"));
        assert!(read("-1") < read("0"));
        for text in ["", "x", "1.2.3", "1Q", "Gi", "1 Gi", "1e99"] {
            assert!(Quantity::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn quantities_are_written_in_their_own_format() {
        for (text, printed) in [
            ("1024Mi", "1Gi"),
            ("1500m", "1500m"),
            ("2000m", "2"),
            ("1.5Gi", "1536Mi"),
            ("3000", "3k"),
            ("12e6", "12e6"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().print(), printed);
        }
    }
}
