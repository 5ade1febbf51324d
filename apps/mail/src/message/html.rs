use mail_parser::decoders::html::add_html_token;

/// The longest character reference that is looked for, in bytes; the longest in HTML has 33.
const REFERENCE_MAX: usize = 34;

/// Elements whose content is not text of the document.
const UNSEEN: [&str; 3] = ["script", "style", "title"];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 27] = [
    "address", "article", "aside", "body", "br", "center", "dd", "div", "dl", "dt", "footer", "form",
    "header", "hr", "html", "li", "main", "nav", "ol", "option", "pre", "section", "table", "tbody", "tr",
    "ul", "caption",
];

/// Elements that an empty line sets apart.
const PARAGRAPHS: [&str; 8] = ["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "p"];

/// Elements that end a word without ending a line.
const CELLS: [&str; 2] = ["td", "th"];

/// Renders HTML as the text a reader would see, up to the word that passes `limit` bytes.
///
/// Made for searching: words stay apart where the document sets them apart, and links, images and
/// layout are left out. Takes linear time whatever the input: what is not closed reaches to the end.
pub(super) fn to_text(html: &str, limit: usize) -> String {
    let mut out = Rendered { limit, ..Rendered::default() };
    let mut rest = html;
    while !out.is_full()
        && let Some((before, tag)) = rest.split_once('<')
    {
        out.push(before);
        rest = markup(&mut out, tag);
    }
    out.push(rest);
    out.text
}

/// What separates the next word from the last one; the strongest request wins.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

#[derive(Debug, Default)]
struct Rendered {
    text: String,
    gap: Gap,
    limit: usize,
}

impl Rendered {
    fn is_full(&self) -> bool {
        self.text.len() >= self.limit
    }

    fn separate(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// Adds text between two tags: white space collapsed, character references resolved.
    fn push(&mut self, text: &str) {
        let mut rest = text;
        while let Some(start) = rest.find('&') {
            let (before, after) = rest.split_at(start);
            self.push_words(before);
            // A reference ends at an ASCII character, so the split falls between characters.
            let end = after.bytes().take(REFERENCE_MAX).position(|b| b == b';').map_or(1, |at| at + 1);
            let (reference, after) = after.split_at(end);
            let mut resolved = String::new();
            add_html_token(&mut resolved, reference.as_bytes(), false);
            self.push_words(&resolved);
            rest = after;
        }
        self.push_words(rest);
    }

    fn push_words(&mut self, text: &str) {
        for (nth, word) in text.split(char::is_whitespace).enumerate() {
            if nth > 0 {
                self.separate(Gap::Space);
            }
            let mut seen = word.chars().filter(|c| !is_invisible(*c)).peekable();
            if seen.peek().is_some() && !self.is_full() {
                self.close_gap();
                self.text.extend(seen);
            }
        }
    }

    fn close_gap(&mut self) {
        let gap = std::mem::take(&mut self.gap);
        if !self.text.is_empty() {
            self.text.push_str(match gap {
                Gap::None => "",
                Gap::Space => " ",
                Gap::Line => "\n",
                Gap::Paragraph => "\n\n",
            });
        }
    }
}

/// Reads what follows a `<` and returns what follows the markup.
fn markup<'a>(out: &mut Rendered, html: &'a str) -> &'a str {
    if let Some(comment) = html.strip_prefix("!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let (tag, opens) = html.strip_prefix('/').map_or((html, true), |tag| (tag, false));
    // Counts ASCII characters, so the split falls between characters.
    let (name, attributes) = tag.split_at(tag.bytes().take_while(u8::is_ascii_alphanumeric).count());
    if name.is_empty() && !tag.starts_with(['!', '?']) {
        out.push("&lt;");
        return html;
    }
    let name = name.to_ascii_lowercase();
    out.separate(gap_around(&name));
    let rest = after_tag(attributes);
    if opens && UNSEEN.contains(&name.as_str()) { after_content(rest, &name) } else { rest }
}

fn gap_around(name: &str) -> Gap {
    if PARAGRAPHS.contains(&name) {
        Gap::Paragraph
    } else if BLOCKS.contains(&name) {
        Gap::Line
    } else if CELLS.contains(&name) {
        Gap::Space
    } else {
        Gap::None
    }
}

/// Skips attributes: a `>` inside quotes does not end the tag, unless the quote is not closed before
/// the next tag.
fn after_tag(attributes: &str) -> &str {
    let mut rest = attributes;
    while let Some((mark, after)) = split_at_any(rest, ['>', '"', '\'']) {
        if mark == '>' {
            return after;
        }
        match split_at_any(after, [mark, '<', '<']) {
            Some((end, closed)) if end == mark => rest = closed,
            _ => return after.split_once('>').map_or("", |(_, rest)| rest),
        }
    }
    ""
}

/// Returns the first of these marks and what follows it.
fn split_at_any(text: &str, marks: [char; 3]) -> Option<(char, &str)> {
    let mut chars = text.chars();
    let mark = chars.find(|c| marks.contains(c))?;
    Some((mark, chars.as_str()))
}

/// Skips the content of an element that shows nothing, and its end tag.
fn after_content<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some((_, tag)) = rest.split_once("</") {
        if tag.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return after_tag(tag);
        }
        rest = tag;
    }
    ""
}

/// Marks without width that senders put inside words or use as padding.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(html: &str) -> String {
        to_text(html, 10_000)
    }

    #[test]
    fn blocks_and_cells_keep_words_apart_and_inline_tags_do_not() {
        assert_eq!(render("<div>one</div><div>two</div>"), "one\ntwo");
        assert_eq!(render("<tr><td>one</td><td>two</td></tr><tr><td>three</td></tr>"), "one two\nthree");
        assert_eq!(render("un<b>bel</b>ievable<br/>so"), "unbelievable\nso");
        assert_eq!(render("<p>one</p>\n<p>two</p>"), "one\n\ntwo");
    }

    #[test]
    fn white_space_collapses_and_invisible_marks_go() {
        assert_eq!(render("  one\n\t two&nbsp;&nbsp;three \u{200b}\u{34f} "), "one two three");
        assert_eq!(render("Donau\u{ad}dampf&shy;schiff"), "Donaudampfschiff");
    }

    #[test]
    fn character_references_are_resolved_or_kept() {
        assert_eq!(
            render("&lt;b&gt; &eacute;&#233;&#xE9; AT&T &nosuch; a & b; 1 < 2"),
            "<b> ééé AT&T &nosuch; a & b; 1 < 2"
        );
        assert_eq!(render("&#x110000;"), "\u{fffd}");
    }

    #[test]
    fn what_shows_nothing_is_left_out() {
        let html = "<!DOCTYPE html><head><title>t</title><STYLE>p { x > y }</Style></head>\
                    a<!-- <p>hidden</p> -->b<script>if (1 < 2) { '</b>' }</script>c";
        assert_eq!(render(html), "abc");
    }

    #[test]
    fn quoted_attributes_may_hold_an_angle_bracket() {
        assert_eq!(render("<a title='1 > 0' href=\"x\">one</a> two"), "one two");
        assert_eq!(render("<a title=\"never closed>one</a> two"), "one two");
    }

    #[test]
    fn what_is_never_closed_reaches_to_the_end() {
        for html in ["seen<!-- never", "seen<style>never", "seen<a href", "seen<a \"'"] {
            assert_eq!(render(html), "seen", "{html}");
        }
    }

    #[test]
    fn rendering_stops_at_the_limit() {
        assert_eq!(to_text("one two three four", 6), "one two");
    }

    #[test]
    fn hostile_markup_takes_linear_time() {
        let before = hundredths();
        for unit in ["<", "<a \"", "<a '\">", "<!--", "<style>", "</", "&", "<p>"] {
            let _ = to_text(&unit.repeat(1_000_000 / unit.len()), usize::MAX);
        }
        // Linear time is a few seconds without optimization, quadratic time hours.
        assert!(hundredths() - before < 3_000);
    }

    /// How long this thread has had a processor, which a busy machine does not make longer.
    fn hundredths() -> u64 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_name, fields) = stat.rsplit_once(") ").unwrap();
        fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }
}
