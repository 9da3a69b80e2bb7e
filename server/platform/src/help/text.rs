//! Markdown as HTML. HTML that stands in it is shown as text.

use maud::PreEscaped;
use pulldown_cmark::{Event, Options, Parser, html};

/// The page of a text.
pub(super) fn rendered(markdown: &str) -> PreEscaped<String> {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut page = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut page, events);
    PreEscaped(page)
}

/// The heading of a text: its first line.
pub(super) fn title(markdown: &str) -> &str {
    let first = markdown.lines().next().unwrap_or_default();
    first.trim_start_matches('#').trim()
}

/// The first lines that have one of the words, or the first of the text.
pub(super) fn excerpt<'a>(markdown: &'a str, words: &[String]) -> &'a str {
    let mut lines = markdown
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let first = lines.clone().next().unwrap_or_default();
    lines
        .find(|line| {
            let line = line.to_lowercase();
            words.iter().any(|word| line.contains(word))
        })
        .unwrap_or(first)
}

/// How well a text fits words: all of them must stand in it, and in the heading they count more.
pub(super) fn rank(markdown: &str, words: &[String]) -> usize {
    let (text, title) = (markdown.to_lowercase(), title(markdown).to_lowercase());
    if !words.iter().all(|word| text.contains(word)) {
        return 0;
    }
    words
        .iter()
        .map(|word| {
            let in_title = if title.contains(word) { 100 } else { 0 };
            in_title + text.matches(word.as_str()).count()
        })
        .sum()
}
