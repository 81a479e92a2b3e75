//! What the tag of an image says about how long it names the same image.
//!
//! The rule asks how much of a version a tag names, whatever the product. A release has at least
//! three numbers (`1.2.3`), a date, a build number or the hash of a commit: such a tag is published
//! once. A tag with fewer numbers (`1`, `1.25`, `20-alpine`) names the newest of many releases, and
//! one without any (`alpine`, `lts`, `latest`) the newest of all: both move with each release.

/// How much of a version a tag names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagKind {
    /// There is no tag, which means `latest`.
    Absent,
    /// It names no version.
    Flavour,
    /// It names a part of a version, of so many numbers.
    Partial(usize),
    /// It names one release, date, build or commit.
    Exact,
}

/// Words before the number of a build, a change or a commit.
const BUILDS: [&str; 10] = [
    "build", "b", "ci", "commit", "git", "job", "pr", "rev", "run", "sha",
];

/// Numbers that a whole version has.
const WHOLE: usize = 3;

/// Digits from which a number alone is a date or a build, and no version.
const LONG: usize = 5;

/// Letters of the shortest hash that tools write.
const HASH: usize = 7;

impl TagKind {
    /// What a tag says.
    pub fn of(tag: Option<&str>) -> Self {
        let Some(tag) = tag else {
            return Self::Absent;
        };
        let mut numbers = 0;
        let mut before = "";
        for part in tag.split(['-', '_', '+']) {
            let version = version(part);
            let built = BUILDS.iter().any(|word| word.eq_ignore_ascii_case(before));
            if is_hash(part) || version.is_some_and(|text| built || has_long_number(text)) {
                return Self::Exact;
            }
            numbers += version.map_or(0, count);
            before = part;
        }
        match numbers {
            0 => Self::Flavour,
            some if some < WHOLE => Self::Partial(some),
            _ => Self::Exact,
        }
    }

    /// Whether the tag is put on another image sooner or later.
    pub const fn moves(self) -> bool {
        !matches!(self, Self::Exact)
    }
}

/// The part as a version, without the letter before it; `None` when it starts with a word.
fn version(part: &str) -> Option<&str> {
    let rest = part.strip_prefix(['v', 'V', 'r']).unwrap_or(part);
    rest.starts_with(|letter: char| letter.is_ascii_digit())
        .then_some(rest)
}

fn numbers(version: &str) -> impl Iterator<Item = &str> {
    version
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|number| !number.is_empty())
}

fn count(version: &str) -> usize {
    numbers(version).count()
}

fn has_long_number(version: &str) -> bool {
    numbers(version).any(|number| number.len() >= LONG)
}

/// The hash of a commit, with the `g` that `git describe` puts before it.
fn is_hash(part: &str) -> bool {
    let text = part.strip_prefix('g').unwrap_or(part);
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() >= HASH && text.bytes().all(hex) && text.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::TagKind;

    /// Tags that are of another kind.
    fn others<'t>(tags: &[&'t str], expected: TagKind) -> Vec<&'t str> {
        let is_other = |tag: &&str| TagKind::of(Some(tag)) != expected;
        tags.iter().copied().filter(is_other).collect()
    }

    #[test]
    fn tags_without_a_version_are_flavours() {
        assert_eq!(
            others(
                &[
                    "alpine",
                    "latest",
                    "lts",
                    "bookworm-slim",
                    "prod",
                    "ltsc2022",
                ],
                TagKind::Flavour
            ),
            [""; 0]
        );
        assert_eq!(TagKind::of(None), TagKind::Absent);
    }

    #[test]
    fn tags_with_fewer_than_three_numbers_name_a_part_of_a_version() {
        assert_eq!(
            others(
                &["1", "v1", "20-alpine3.19", "17-jdk-slim"],
                TagKind::Partial(1)
            ),
            [""; 0]
        );
        assert_eq!(
            others(
                &["1.25", "3.12-slim-bookworm", "22.04"],
                TagKind::Partial(2)
            ),
            [""; 0]
        );
    }

    #[test]
    fn releases_dates_builds_and_commits_are_exact() {
        assert_eq!(
            others(
                &[
                    "1.25.3",
                    "v0.10.5",
                    "1.25.3-alpine",
                    "17.0.9_9-jre",
                    "1.22rc1",
                    "1.28.0-debian-11-r5",
                    "2024-01-16",
                    "RELEASE.2024-01-16T16-07-38Z",
                    "bookworm-20240110-slim",
                    "20240110",
                    "build-7",
                    "sha-1a2b3c4",
                    "v1.2-14-g2414721",
                    "4f0a9c1d",
                ],
                TagKind::Exact
            ),
            [""; 0]
        );
    }
}
