//! Makes legal texts acceptable to the parser without moving a byte, so that places stay right.

/// A text for the parser.
pub(super) struct Prepared {
    /// The text, without a byte-order mark.
    pub(super) text: String,
    /// Bytes of the file that stand before it.
    pub(super) offset: usize,
}

/// Hides what the parser refuses although builders take it: empty exec forms, and here-documents
/// that do not stand first in a `RUN`.
pub(super) fn prepare(text: &str) -> Prepared {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines: Vec<String> = body.split_inclusive('\n').map(without_empty_exec).collect();
    hide_here_documents(&mut lines);
    Prepared {
        text: lines.concat(),
        offset: text.len() - body.len(),
    }
}

/// `ENTRYPOINT []` resets the entry point; `ENTRYPOINT ""` has the same length and no words.
fn without_empty_exec(line: &str) -> String {
    let is_empty_exec = || {
        let (keyword, rest) = line.trim().split_once(char::is_whitespace)?;
        let words = ["ENTRYPOINT", "CMD", "VOLUME", "SHELL"];
        words
            .iter()
            .find(|word| keyword.eq_ignore_ascii_case(word))?;
        let inside = rest.trim().strip_prefix('[')?.strip_suffix(']')?;
        inside.trim().is_empty().then_some(())
    };
    if is_empty_exec().is_some() {
        line.replace(['[', ']'], "\"")
    } else {
        line.to_owned()
    }
}

fn hide_here_documents(lines: &mut [String]) {
    let mut at = 0;
    while at < lines.len() {
        let end = instruction_end(lines, at);
        let text = lines.get(at..=end).unwrap_or_default().concat();
        let words = delimiters(&text);
        let leads = text
            .trim_start()
            .get(3..)
            .is_some_and(|rest| rest.trim_start().starts_with("<<"));
        at = if is_run(&text) && !words.is_empty() {
            hide(lines, end, &words, leads)
        } else {
            end + 1
        };
    }
}

fn is_run(text: &str) -> bool {
    text.trim_start()
        .split_once([' ', '\t'])
        .is_some_and(|(keyword, _)| keyword.eq_ignore_ascii_case("RUN"))
}

/// The last line of the instruction that starts at a line.
fn instruction_end(lines: &[String], start: usize) -> usize {
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    let goes_on = |line: &String| line.trim_end().ends_with('\\') && !is_comment(line);
    let mut end = start;
    if lines.get(start).is_some_and(|line| is_comment(line)) {
        return end;
    }
    while let Some(line) = lines.get(end) {
        let inside = end > start && is_comment(line);
        if (!goes_on(line) && !inside) || end + 1 >= lines.len() {
            break;
        }
        end += 1;
    }
    end
}

/// Joins the bodies of here-documents to the line of their instruction; the next line to look at.
/// A single one that stands first is left to the parser.
fn hide(lines: &mut [String], end: usize, words: &[String], leads: bool) -> usize {
    let mut next = end + 1;
    for word in words {
        let rest = lines.get(next..).unwrap_or_default();
        let closes = |line: &String| line.trim_matches(['\t', '\r', '\n']) == word;
        let Some(length) = rest.iter().position(closes) else {
            return end + 1;
        };
        next += length + 1;
    }
    if leads && words.len() == 1 {
        return next;
    }
    for line in lines.iter_mut().take(next - 1).skip(end) {
        *line = line.replace(['\r', '\n'], " ");
    }
    if leads && let Some(line) = lines.get_mut(end) {
        *line = line.replacen("<<", "__", 1);
    }
    next
}

/// The words that end the here-documents of a shell text, in order.
fn delimiters(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<<") {
        rest = after;
        if before.ends_with('<') || after.starts_with('<') {
            rest = after.trim_start_matches('<');
            continue;
        }
        let after = after
            .trim_start_matches('-')
            .trim_start_matches(['"', '\'']);
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let word: String = after
            .chars()
            .take_while(|letter| is_part(*letter))
            .collect();
        if word.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
            words.push(word);
        }
    }
    words
}
