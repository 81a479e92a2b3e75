//! Tells whether a value is a credential, by its name and its shape. The value is never kept.

use palisade_model::SecretKind;

/// What kind of credential a named value is; `None` for what is no credential, such as a
/// placeholder, a path or a reference to a vault.
pub(crate) fn secret(name: &str, value: &str) -> Option<SecretKind> {
    let value = value.trim();
    if is_placeholder(value) {
        return None;
    }
    shape(value).or_else(|| by_name(name, value))
}

/// What kind of credential a command-line word is, with the option's name.
pub(crate) fn in_argument(word: &str) -> Option<(String, SecretKind)> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) if !name.contains([' ', '/', ':']) => (name, value),
        _ => ("", word),
    };
    let name = name.trim_start_matches('-');
    let shown = if name.is_empty() { "argument" } else { name };
    Some((shown.to_owned(), secret(name, value)?))
}

/// Kind by the value's own form, whatever its name.
pub(crate) fn shape(value: &str) -> Option<SecretKind> {
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY") {
        return Some(SecretKind::PrivateKey);
    }
    if has_credentials(value) {
        return Some(SecretKind::ConnectionString);
    }
    value
        .split(|letter: char| letter.is_whitespace() || "\"'`,;=".contains(letter))
        .find_map(word_shape)
}

/// Prefix, letters that must follow it at least, and the kind that it tells.
const PREFIXES: &[(&str, usize, SecretKind)] = &[
    ("ghp_", 20, SecretKind::Token),
    ("gho_", 20, SecretKind::Token),
    ("ghs_", 20, SecretKind::Token),
    ("github_pat_", 20, SecretKind::Token),
    ("glpat-", 16, SecretKind::Token),
    ("xoxb-", 10, SecretKind::Token),
    ("xoxp-", 10, SecretKind::Token),
    ("sk_live_", 10, SecretKind::Token),
    ("AIza", 30, SecretKind::CloudKey),
];

fn word_shape(word: &str) -> Option<SecretKind> {
    let follows = |prefix: &str, least: usize| {
        word.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() >= least
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
    };
    if let Some((_, _, kind)) = PREFIXES
        .iter()
        .find(|(prefix, least, _)| follows(prefix, *least))
    {
        return Some(*kind);
    }
    if is_cloud_key(word) {
        return Some(SecretKind::CloudKey);
    }
    is_web_token(word).then_some(SecretKind::Token)
}

/// An AWS access key id: four fixed letters and sixteen capitals or digits.
fn is_cloud_key(word: &str) -> bool {
    ["AKIA", "ASIA"].iter().any(|prefix| {
        word.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() == 16
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        })
    })
}

/// A JSON web token: three base64url parts, the first two of them objects.
fn is_web_token(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    matches!(parts.as_slice(), [head, body, tail]
        if head.starts_with("eyJ") && body.starts_with("eyJ") && head.len() > 10 && !tail.is_empty())
}

/// Whether a URL carries a user and a password that stands in the text.
fn has_credentials(value: &str) -> bool {
    value.match_indices("://").any(|(at, mark)| {
        let rest = value.get(at + mark.len()..).unwrap_or("");
        let end = rest
            .find(['/', '?', '#', ' ', '"', '\''])
            .unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or("");
        authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !is_placeholder(password))
    })
}

/// Last words of names that tell about a credential rather than hold one.
const ABOUT: &[&str] = &[
    "file",
    "path",
    "name",
    "names",
    "url",
    "uri",
    "host",
    "port",
    "dir",
    "enabled",
    "ttl",
    "expiry",
    "expiration",
    "length",
    "type",
    "algorithm",
    "id",
    "endpoint",
    "issuer",
    "service",
    "addr",
    "address",
    "policy",
    "ref",
    "count",
    "timeout",
    "required",
    "mount",
    "version",
    "size",
    "location",
    "audience",
    "lifetime",
    "duration",
    "provider",
    "header",
    "format",
    "class",
    "user",
    "username",
    "store",
    "backend",
    "namespace",
    "hash",
    "rotation",
    "refresh",
    "tokens",
];

fn by_name(name: &str, value: &str) -> Option<SecretKind> {
    let words = words(name);
    let last = words.last()?.as_str();
    if ABOUT.contains(&last) || is_reference(value) {
        return None;
    }
    let has = |wanted: &[&str]| {
        words.iter().any(|word| {
            wanted
                .iter()
                .any(|it| word == it || (it.len() > 4 && word.ends_with(it)))
        })
    };
    let pair = |first: &str, second: &str| {
        words
            .windows(2)
            .any(|two| matches!(two, [a, b] if a == first && b == second))
    };
    let alone = words.len() == 1;
    if has(&["password", "passwd", "passphrase"]) || (!alone && has(&["pwd", "pass"])) {
        return Some(SecretKind::Password);
    }
    if is_plain_number(value) {
        return None;
    }
    if pair("private", "key") || has(&["privatekey"]) {
        return Some(SecretKind::PrivateKey);
    }
    if pair("access", "key") || has(&["accesskey"]) {
        return Some(SecretKind::CloudKey);
    }
    if pair("api", "key") || has(&["apikey", "token"]) {
        return Some(SecretKind::Token);
    }
    has(&["secret"]).then_some(SecretKind::Opaque)
}

/// The words of a name in lower case, split at separators and where capitals begin.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_lower = false;
    for letter in name.chars() {
        let separates = !letter.is_alphanumeric();
        let begins = letter.is_uppercase() && before_is_lower;
        if (separates || begins) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if !separates && let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        before_is_lower = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_plain_number(value: &str) -> bool {
    value.len() < 8
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// What says where a credential is, instead of being one.
fn is_reference(value: &str) -> bool {
    let prefixes = [
        "vault:",
        "op://",
        "ref+",
        "arn:",
        "projects/",
        "file:",
        "./",
        "sm://",
    ];
    (value.starts_with('/') && !value.contains(' '))
        || value.contains("://")
        || prefixes.iter().any(|prefix| value.starts_with(prefix))
}

/// Words that stand where a value would, and values that are filled in later.
pub(crate) fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "yes",
        "no",
        "none",
        "null",
        "nil",
        "on",
        "off",
        "enabled",
        "disabled",
        "undefined",
        "optional",
        "required",
        "redacted",
        "todo",
    ];
    let value = value.trim();
    value.is_empty()
        || value.contains("${")
        || value.contains("$(")
        || value.contains("{{")
        || (value.starts_with('<') && value.ends_with('>'))
        || (value.starts_with('$') && !value.contains(' '))
        || value.bytes().all(|byte| b"*xX.-_".contains(&byte))
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use palisade_model::SecretKind;

    use super::{in_argument, secret};

    #[test]
    fn names_tell_what_a_value_is() {
        assert_eq!(secret("DB_PASSWORD", "hunter2"), Some(SecretKind::Password));
        assert_eq!(
            secret("mysqlRootPassword", "1234"),
            Some(SecretKind::Password)
        );
        assert_eq!(secret("API_KEY", "abc123abc"), Some(SecretKind::Token));
        assert_eq!(secret("client-secret", "s3cr3t"), Some(SecretKind::Opaque));
        assert_eq!(
            secret("AWS_SECRET_ACCESS_KEY", "wJalr/x"),
            Some(SecretKind::CloudKey)
        );
        for (name, value) in [
            ("DB_PASSWORD_FILE", "/run/secrets/db"),
            ("SECRET_NAME", "db"),
            ("TOKEN_TTL", "3600s"),
            ("MAX_TOKENS", "4096"),
            ("PASSWORD", "${PASSWORD}"),
            ("PASSWORD", "<your password>"),
            ("API_TOKEN", "true"),
            ("PWD", "/srv"),
            ("KEYBOARD", "qwerty"),
            ("TOKEN", "vault:secret/data/x#y"),
        ] {
            assert_eq!(secret(name, value), None, "{name}={value}");
        }
    }

    #[test]
    fn shapes_tell_whatever_the_name() {
        let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
        assert_eq!(secret("x", &key), Some(SecretKind::CloudKey));
        let url = "postgres://shop:hunter2@db:5432/shop";
        assert_eq!(
            secret("DATABASE_URL", url),
            Some(SecretKind::ConnectionString)
        );
        assert_eq!(secret("DATABASE_URL", "postgres://shop:$(P)@db/shop"), None);
        assert_eq!(secret("URL", "http://cart:7070/a@b:c"), None);
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nabc";
        assert_eq!(secret("tls", pem), Some(SecretKind::PrivateKey));
    }

    #[test]
    fn options_of_commands_are_looked_into() {
        let found = in_argument("--requirepass=hunter2").map(|(name, _)| name);
        assert_eq!(found, None);
        let found = in_argument("--admin-password=hunter2");
        assert_eq!(
            found,
            Some(("admin-password".to_owned(), SecretKind::Password))
        );
    }
}
