//! Finds the lines of templates that the lines of a rendered text come from, as near as can be told.

use std::collections::BTreeMap;
use std::sync::Arc;

use palisade_document::SourceFile;

use super::Texts;
use super::places::Places;
use super::tree::Place;

/// How far ahead of the last line the next one is looked for.
const AHEAD: usize = 60;

/// What helm writes before what each template comes to.
const SOURCE: &str = "# Source: ";

/// The places of a text that helm rendered from the chart in a folder; what cannot be told points at
/// the chart's own file. And how many objects each template came to.
pub(super) fn align(
    rendered: &SourceFile,
    folder: &str,
    files: &Texts,
    chart: &Place,
) -> (Places, BTreeMap<Arc<str>, u32>) {
    let mut places = Places::default();
    let mut counts: BTreeMap<Arc<str>, u32> = BTreeMap::new();
    let mut template: Option<Template<'_>> = None;
    let mut place = chart.clone();
    for line in 1..=rendered.line_count() {
        let span = rendered.line_span(line);
        let text = rendered.slice(span).trim();
        if let Some(path) = text.strip_prefix(SOURCE) {
            // The first part is the name of the chart.
            let below = path.split_once('/').map_or(path, |(_, below)| below);
            let file = files.get(format!("{folder}{below}").as_str());
            template = file.map(Template::new);
            place = file.map_or_else(|| chart.clone(), Place::first_line);
        } else if let Some(template) = &mut template {
            if text.starts_with("kind:") && rendered.slice(span).starts_with("kind:") {
                *counts.entry(Arc::clone(template.file.path())).or_default() += 1;
            }
            if let Some(found) = template.find(text) {
                place = found;
            }
        }
        places.push_line(span, place.clone());
    }
    (places, counts)
}

/// A template with the place that was reached in it.
struct Template<'f> {
    file: &'f Arc<SourceFile>,
    lines: Vec<&'f str>,
    /// Lines that stand only once.
    unique: BTreeMap<&'f str, Option<usize>>,
    next: usize,
}

impl<'f> Template<'f> {
    fn new(file: &'f Arc<SourceFile>) -> Self {
        let lines: Vec<&str> = file.text().lines().map(str::trim).collect();
        let mut unique = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            unique
                .entry(*line)
                .and_modify(|known| *known = None)
                .or_insert(Some(at));
        }
        Self {
            file,
            lines,
            unique,
            next: 0,
        }
    }

    /// The place of the line that a rendered line comes from.
    fn find(&mut self, text: &str) -> Option<Place> {
        if text.is_empty() || text == "---" {
            return None;
        }
        let ahead = self.lines.iter().enumerate().skip(self.next).take(AHEAD);
        let near = ahead
            .filter(|(_, line)| comes_from(line, text))
            .map(|it| it.0);
        let at = near
            .into_iter()
            .next()
            .or_else(|| self.unique.get(text).copied().flatten())?;
        self.next = at + 1;
        let span = self.file.line_span(u32::try_from(at + 1).ok()?);
        let whole = self.file.slice(span);
        let indent = u32::try_from(whole.len() - whole.trim_start().len()).ok()?;
        let mut span = span;
        span.start += indent;
        Some(Place::new(self.file, span))
    }
}

/// Whether a line of a template can come to a rendered line: it says the same, or the same up to
/// its first placeholder, which is more than punctuation.
fn comes_from(line: &str, text: &str) -> bool {
    match line.split_once("{{") {
        None => line == text,
        Some((fixed, _)) => {
            let fixed = fixed.trim_end_matches(['"', '\'', ' ']);
            fixed.contains(char::is_alphanumeric) && text.starts_with(fixed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use palisade_document::{SourceFile, Span};

    use super::align;
    use crate::rendering::Texts;
    use crate::rendering::tree::Place;

    #[test]
    fn rendered_lines_point_at_the_lines_of_their_template() {
        let template = "{{- if .Values.on }}\nkind: Pod\nspec:\n  {{- range .Values.names }}\n  - name: {{ . }}\n    port: 80\n  {{- end }}\n  {{- toYaml .Values.rest | nindent 2 }}\nlast: 1\n{{- end }}\n";
        let text = "---\n# Source: c/templates/a.yaml\nkind: Pod\nspec:\n  - name: x\n    port: 80\n  - name: y\n    port: 80\n  free: true\nlast: 1\n";
        let path: Arc<str> = "c/templates/a.yaml".into();
        let template = Arc::new(SourceFile::new(Arc::clone(&path), template));
        let files = Texts::from([(path, template)]);
        let chart = Arc::new(SourceFile::new("c/Chart.yaml", "name: c\n"));
        let rendered = SourceFile::new("r", text);
        let (places, counts) = align(&rendered, "c/", &files, &Place::first_line(&chart));
        let line_of = |word: &str| {
            let at = u32::try_from(text.find(word).unwrap()).unwrap();
            places.origin(Span::new(at, at + 1)).unwrap().to_string()
        };
        assert_eq!(line_of("Pod"), "c/templates/a.yaml:2:1");
        assert_eq!(line_of("x\n"), "c/templates/a.yaml:5:3");
        assert_eq!(line_of("80"), "c/templates/a.yaml:6:5");
        assert_eq!(line_of("last"), "c/templates/a.yaml:9:1");
        assert_eq!(counts.values().copied().collect::<Vec<_>>(), [1]);
    }
}
