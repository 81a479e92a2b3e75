//! What commands of build scripts do: download, install, skip verification.

use crate::build_view::ShellCommand;

/// Whether a program writes what it downloads to its output.
pub(super) fn downloads(program: &str) -> bool {
    matches!(program, "curl" | "wget")
}

/// Whether a program runs what it reads.
pub(super) fn is_shell(program: &str) -> bool {
    matches!(
        program,
        "sh" | "bash"
            | "ash"
            | "dash"
            | "zsh"
            | "python"
            | "python3"
            | "perl"
            | "ruby"
            | "node"
            | "php"
    )
}

/// The option that turns verification off, where there is one.
pub(super) fn unverified(command: &ShellCommand) -> Option<&str> {
    let options: &[&str] = match command.program() {
        "curl" => &["-k", "--insecure", "--proxy-insecure"],
        "wget" => &["--no-check-certificate"],
        "pip" | "pip3" => &["--trusted-host"],
        "apt" | "apt-get" => &["--allow-unauthenticated", "--force-yes"],
        "apk" => &["--allow-untrusted"],
        "yum" | "dnf" | "tdnf" | "microdnf" | "zypper" => &[
            "--nogpgcheck",
            "--no-gpg-checks",
            "--setopt=sslverify=0",
            "--setopt=sslverify=false",
        ],
        "rpm" => &[
            "--nodigest",
            "--nosignature",
            "--noverify",
            "--nofiledigest",
        ],
        "npm" | "yarn" => &["strict-ssl=false", "--strict-ssl=false"],
        "git" => &["http.sslVerify=false", "http.sslverify=false"],
        "export" => &[
            "NODE_TLS_REJECT_UNAUTHORIZED=0",
            "PYTHONHTTPSVERIFY=0",
            "GIT_SSL_NO_VERIFY=1",
            "GIT_SSL_NO_VERIFY=true",
            "NPM_CONFIG_STRICT_SSL=false",
        ],
        _ => return None,
    };
    let mut words = command.arguments().iter();
    let off = |word: &&String| {
        let name = word.split('=').next().unwrap_or(word);
        options.contains(&word.as_str()) || (name == "--trusted-host" && options.contains(&name))
    };
    if let Some(word) = words.find(off) {
        return Some(word);
    }
    // Short options of curl stand together: `-fsSLk`.
    let clustered = |word: &&String| {
        word.starts_with('-') && !word.starts_with("--") && is_insecure_cluster(word)
    };
    let curl = command.program() == "curl";
    curl.then(|| command.arguments().iter().find(clustered))
        .flatten()
        .map(String::as_str)
}

/// Whether short options of curl have `k` before one that takes the rest as its value.
fn is_insecure_cluster(word: &str) -> bool {
    let takes_value = [
        'o', 'H', 'd', 'u', 'X', 'A', 'e', 'F', 'x', 'T', 'b', 'c', 'm', 'w', 'r',
    ];
    word.chars()
        .skip(1)
        .take_while(|letter| !takes_value.contains(letter))
        .any(|letter| letter == 'k')
}

/// The first package that a command installs without a version.
pub(super) fn unpinned_package(command: &ShellCommand) -> Option<&str> {
    if command.program() == "go" {
        return unpinned_module(command);
    }
    let (verbs, marks): (&[&str], &[&str]) = match command.program() {
        "apt" | "apt-get" | "apk" | "zypper" => (&["install", "in", "add"], &["="]),
        "yum" | "dnf" | "microdnf" => (&["install"], &["-"]),
        "pip" | "pip3" => (&["install"], &["==", "===", "@"]),
        "npm" => (&["install", "i", "add"], &["@"]),
        "gem" => (&["install"], &[":"]),
        _ => return None,
    };
    let arguments = command.arguments();
    let verb = arguments
        .iter()
        .position(|word| verbs.contains(&word.as_str()))?;
    if takes_versions_from_elsewhere(arguments) {
        return None;
    }
    let mut after_option_with_value = false;
    for word in arguments.get(verb.saturating_add(1)..)? {
        if std::mem::take(&mut after_option_with_value) {
            continue;
        }
        if word.starts_with('-') {
            let with_value = [
                "-t",
                "--virtual",
                "--repository",
                "-X",
                "--index-url",
                "-i",
                "--target",
                "--prefix",
            ];
            after_option_with_value = with_value.contains(&word.as_str());
            continue;
        }
        // A redirection, a variable, a file or an address is no name of a package.
        if word.contains(['$', '>', '<'])
            || (word.contains('/') && !word.starts_with('@'))
            || word == "."
            || word.starts_with('.')
            || word.contains(".txt")
        {
            continue;
        }
        let name = word.strip_prefix('@').unwrap_or(word);
        if !marks.iter().any(|mark| name.contains(mark)) {
            return Some(word);
        }
    }
    None
}

/// `go install` of a module by its address takes a version after `@`; `latest` is none.
fn unpinned_module(command: &ShellCommand) -> Option<&str> {
    let (verb, modules) = command.arguments().split_first()?;
    let names_one = |word: &&String| {
        let host = word.split('/').next().unwrap_or_default();
        word.contains('/') && host.contains('.') && !host.starts_with('.')
    };
    let unpinned = |word: &&String| !word.contains('@') || word.ends_with("@latest");
    (verb == "install")
        .then(|| modules.iter().filter(names_one).find(unpinned))
        .flatten()
        .map(String::as_str)
}

/// Whether versions come from a lock file, or an option names them.
fn takes_versions_from_elsewhere(arguments: &[String]) -> bool {
    let elsewhere = [
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-v",
        "--version",
        "--require-hashes",
        "--no-index",
    ];
    arguments
        .iter()
        .any(|word| elsewhere.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{unpinned_package, unverified};
    use crate::build_view::shell_commands;

    fn package(script: &str) -> Option<String> {
        let commands = shell_commands(script);
        commands
            .iter()
            .find_map(unpinned_package)
            .map(str::to_owned)
    }

    fn option(script: &str) -> Option<String> {
        let commands = shell_commands(script);
        commands.iter().find_map(unverified).map(str::to_owned)
    }

    #[test]
    fn a_package_without_version_is_found_behind_options() {
        assert_eq!(package("apt-get -y install a=1 b"), Some("b".to_owned()));
        assert_eq!(package("apk add --no-cache curl"), Some("curl".to_owned()));
        assert_eq!(package("apk add --virtual .build gcc=13"), None);
        assert_eq!(package("pip install -r requirements.txt"), None);
        assert_eq!(package("npm ci"), None);
        assert_eq!(package("zypper in -y vim"), Some("vim".to_owned()));
        assert_eq!(package("go install ./..."), None);
        assert_eq!(package("go install example.com/tool@v1.2.0"), None);
        assert_eq!(
            package("go install example.com/tool@latest"),
            Some("example.com/tool@latest".to_owned())
        );
        assert_eq!(
            package("npm install @scope/a@1 @scope/b"),
            Some("@scope/b".to_owned())
        );
    }

    #[test]
    fn an_option_that_skips_verification_is_found_in_a_cluster() {
        assert_eq!(option("curl -fsSLk https://x"), Some("-fsSLk".to_owned()));
        assert_eq!(option("curl -o k https://x"), None);
        assert_eq!(option("curl -okey https://x"), None);
        assert_eq!(
            option("pip install --trusted-host=x a"),
            Some("--trusted-host=x".to_owned())
        );
    }
}
