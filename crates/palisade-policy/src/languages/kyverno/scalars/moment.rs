//! Moments in RFC 3339 and in Go's layouts.

/// A moment with the offset it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub(crate) nanoseconds: i128,
    /// Offset from UTC in seconds.
    pub(crate) offset: i32,
}

/// The parts of a moment in its own offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Civil {
    /// Year, month (1–12), day (1–31).
    pub(crate) date: (i64, u32, u32),
    /// Hour, minute, second.
    pub(crate) time: (u32, u32, u32),
    /// Day of the week, from Sunday.
    pub(crate) weekday: u32,
}

const SECOND: i128 = 1_000_000_000;

impl Moment {
    /// Reads RFC 3339.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::parse_layout("2006-01-02T15:04:05Z07:00", text)
    }

    /// Reads a text in one of Go's layouts.
    pub(crate) fn parse_layout(layout: &str, text: &str) -> Option<Self> {
        let mut found = Parts::default();
        let (mut layout, mut text) = (layout, text);
        while !layout.is_empty() {
            let (element, length) = element(layout);
            layout = layout.get(length..)?;
            text = found.take(element, text)?;
            if matches!(element, Element::Second) && text.starts_with('.') {
                text = found.take_fraction(text)?;
            }
        }
        if !text.is_empty() {
            return None;
        }
        found.moment()
    }

    /// The moment in RFC 3339, to the second.
    pub(crate) fn print(self) -> String {
        let civil = self.civil();
        let ((year, month, day), (hour, minute, second)) = (civil.date, civil.time);
        let zone = if self.offset == 0 {
            "Z".to_owned()
        } else {
            let sign = if self.offset < 0 { '-' } else { '+' };
            let minutes = self.offset.abs() / 60;
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
    }

    /// Its parts.
    pub(crate) fn civil(self) -> Civil {
        let seconds = self.nanoseconds.div_euclid(SECOND) + i128::from(self.offset);
        let days = i64::try_from(seconds.div_euclid(86_400)).unwrap_or(0);
        let rest = u32::try_from(seconds.rem_euclid(86_400)).unwrap_or(0);
        Civil {
            date: date_of(days),
            time: (rest / 3600, rest / 60 % 60, rest % 60),
            weekday: u32::try_from((days + 4).rem_euclid(7)).unwrap_or(0),
        }
    }
}

/// Gregorian date of a day counted from 1970-01-01 (Howard Hinnant's days algorithm).
fn date_of(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |value: i64| u32::try_from(value).unwrap_or(0);
    (year, small(month), small(day))
}

fn days_of(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = i64::from((month + 9) % 12);
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy)]
enum ZoneForm {
    /// `-07:00`.
    Colon,
    /// `-0700`.
    Plain,
    /// `Z` or `-07:00`.
    ZOrColon,
    /// `Z` or `-0700`.
    ZOrPlain,
}

#[derive(Debug, Clone, Copy)]
enum Element {
    Literal(char),
    Year,
    ShortYear,
    Month,
    MonthName { whole: bool },
    Weekday { whole: bool },
    Day,
    Hour,
    Hour12,
    Minute,
    Second,
    Noon,
    Zone(ZoneForm),
    ZoneName,
}

/// The next element of a layout and its length in bytes.
fn element(layout: &str) -> (Element, usize) {
    const KNOWN: [(&str, Element); 24] = [
        ("2006", Element::Year),
        ("January", Element::MonthName { whole: true }),
        ("Jan", Element::MonthName { whole: false }),
        ("Monday", Element::Weekday { whole: true }),
        ("Mon", Element::Weekday { whole: false }),
        ("MST", Element::ZoneName),
        ("Z07:00", Element::Zone(ZoneForm::ZOrColon)),
        ("Z0700", Element::Zone(ZoneForm::ZOrPlain)),
        ("-07:00", Element::Zone(ZoneForm::Colon)),
        ("-0700", Element::Zone(ZoneForm::Plain)),
        ("01", Element::Month),
        ("02", Element::Day),
        ("_2", Element::Day),
        ("03", Element::Hour12),
        ("04", Element::Minute),
        ("05", Element::Second),
        ("06", Element::ShortYear),
        ("15", Element::Hour),
        ("PM", Element::Noon),
        ("1", Element::Month),
        ("2", Element::Day),
        ("3", Element::Hour12),
        ("4", Element::Minute),
        ("5", Element::Second),
    ];
    let known = KNOWN.iter().find(|(text, _)| layout.starts_with(text));
    known.map_or_else(
        || {
            let one = layout.chars().next().unwrap_or(' ');
            (Element::Literal(one), one.len_utf8())
        },
        |(text, element)| (*element, text.len()),
    )
}

#[derive(Debug, Default)]
struct Parts {
    date: (i64, u32, u32),
    time: (u32, u32, u32),
    nanoseconds: i128,
    afternoon: Option<bool>,
    offset: i32,
}

impl Parts {
    fn take<'t>(&mut self, element: Element, text: &'t str) -> Option<&'t str> {
        match element {
            Element::Literal(one) => text.strip_prefix(one),
            Element::Year => number(text, 4, 4).map(|(value, rest)| {
                self.date.0 = i64::from(value);
                rest
            }),
            Element::ShortYear => number(text, 2, 2).map(|(value, rest)| {
                self.date.0 = i64::from(value) + if value < 69 { 2000 } else { 1900 };
                rest
            }),
            Element::Month => Some(into(&mut self.date.1, number(text, 1, 2)?)),
            Element::Day => Some(into(&mut self.date.2, number(text.trim_start(), 1, 2)?)),
            Element::Hour | Element::Hour12 => Some(into(&mut self.time.0, number(text, 1, 2)?)),
            Element::Minute => Some(into(&mut self.time.1, number(text, 1, 2)?)),
            Element::Second => Some(into(&mut self.time.2, number(text, 1, 2)?)),
            Element::MonthName { whole } => {
                let (at, rest) = name(&MONTHS, whole, text)?;
                self.date.1 = at + 1;
                Some(rest)
            }
            Element::Weekday { whole } => name(&DAYS, whole, text).map(|(_, rest)| rest),
            Element::Noon => {
                let (word, rest) = text.split_at_checked(2)?;
                self.afternoon = Some(match word {
                    "PM" => true,
                    "AM" => false,
                    _ => return None,
                });
                Some(rest)
            }
            Element::ZoneName => {
                let end = text.find(|one: char| !one.is_ascii_uppercase());
                text.get(end.unwrap_or(text.len())..)
            }
            Element::Zone(form) => self.zone(text, form),
        }
    }

    fn zone<'t>(&mut self, text: &'t str, form: ZoneForm) -> Option<&'t str> {
        let colon = matches!(form, ZoneForm::Colon | ZoneForm::ZOrColon);
        let z = matches!(form, ZoneForm::ZOrColon | ZoneForm::ZOrPlain);
        if let Some(rest) = text.strip_prefix('Z').filter(|_| z) {
            return Some(rest);
        }
        let (sign, rest) = text.split_at_checked(1)?;
        let sign = match sign {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let (hours, rest) = number(rest, 2, 2)?;
        let rest = if colon { rest.strip_prefix(':')? } else { rest };
        let (minutes, rest) = number(rest, 2, 2)?;
        self.offset = sign * i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Some(rest)
    }

    fn take_fraction<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let digits = text.strip_prefix('.')?;
        let end = digits.find(|one: char| !one.is_ascii_digit());
        let (fraction, rest) = digits.split_at(end.unwrap_or(digits.len()));
        let kept: String = fraction
            .chars()
            .chain("000000000".chars())
            .take(9)
            .collect();
        self.nanoseconds = kept.parse().ok()?;
        Some(rest)
    }

    fn moment(self) -> Option<Moment> {
        let ((year, month, day), (hour, minute, second)) = (self.date, self.time);
        let (month, day) = (month.max(1), day.max(1));
        let hour = match self.afternoon {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            _ => hour,
        };
        let days = days_of(year, month, day);
        if month > 12 || hour > 23 || minute > 59 || second > 59 || date_of(days).2 != day {
            return None;
        }
        let of_day = i128::from(hour * 3600 + minute * 60 + second);
        let seconds = i128::from(days) * 86_400 + of_day - i128::from(self.offset);
        Some(Moment {
            nanoseconds: seconds * SECOND + self.nanoseconds,
            offset: self.offset,
        })
    }
}

fn into<'t>(place: &mut u32, (value, rest): (u32, &'t str)) -> &'t str {
    *place = value;
    rest
}

fn number(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let digits = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if digits < least {
        return None;
    }
    let (number, rest) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest))
}

fn name<'t>(names: &[&str], whole: bool, text: &'t str) -> Option<(u32, &'t str)> {
    names.iter().zip(0..).find_map(|(name, at)| {
        let name = if whole { name } else { name.get(..3)? };
        Some((at, text.strip_prefix(name)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_layouts_and_written_in_rfc_3339() {
        for (layout, text, printed) in [
            (
                "2006-01-02T15:04:05Z07:00",
                "2024-02-29T23:59:59.5Z",
                "2024-02-29T23:59:59Z",
            ),
            (
                "2006-01-02T15:04:05Z07:00",
                "2023-01-12T14:07:55+02:00",
                "2023-01-12T14:07:55+02:00",
            ),
            (
                "Mon, 02 Jan 2006 15:04:05 MST",
                "Fri, 02 Jun 2023 15:42:01 GMT",
                "2023-06-02T15:42:01Z",
            ),
            (
                "02/01/06 03:04PM",
                "05/03/21 01:07PM",
                "2021-03-05T13:07:00Z",
            ),
        ] {
            let moment = Moment::parse_layout(layout, text).unwrap();
            assert_eq!(moment.print(), printed);
        }
        for text in [
            "2023-02-29T00:00:00Z",
            "2023-01-01",
            "2023-01-01T25:00:00Z",
            "",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(
            Moment::parse("1970-01-01T00:00:00Z")
                .unwrap()
                .civil()
                .weekday,
            4
        );
    }
}
