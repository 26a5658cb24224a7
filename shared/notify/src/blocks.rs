//! A template's source as blocks. It is taken apart before any value enters, so that no value can open a paragraph, a heading or a button.

/// One block of a template's source.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Running text; its lines are joined.
    Paragraph(String),
    /// `# text`
    Heading(String),
    /// `-> link: label`
    Button {
        /// Which of the links.
        link: String,
        /// What is written on it.
        label: String,
    },
}

/// The first line: the mail's title.
pub(crate) fn title(template: &str) -> &str {
    template.lines().next().unwrap_or_default()
}

/// The blocks below the first line.
pub(crate) fn body(template: &str) -> Vec<Source> {
    template.split_once('\n').map_or_else(Vec::new, |(_, rest)| split(rest))
}

/// The blocks of a template without a title, which blank lines part.
pub(crate) fn split(template: &str) -> Vec<Source> {
    let mut blocks = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    // The blank line at the end closes the last block.
    for line in template.lines().chain([""]) {
        let line = line.trim();
        if !line.is_empty() {
            lines.push(line);
        } else if !lines.is_empty() {
            blocks.push(block(&lines.join(" ")));
            lines.clear();
        }
    }
    blocks
}

fn block(text: &str) -> Source {
    if let Some(heading) = text.strip_prefix("# ") {
        return Source::Heading(heading.to_owned());
    }
    match text.strip_prefix("-> ").and_then(|button| button.split_once(": ")) {
        Some((link, label)) => Source::Button { link: link.to_owned(), label: label.to_owned() },
        None => Source::Paragraph(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_part_blocks_whatever_the_line_ends() {
        for template in ["Title\none\ntwo\n\n\n# Head\n\n-> block: It: me\n", "Title\r\none\r\ntwo\r\n\r\n# Head\r\n\r\n-> block: It: me"] {
            assert_eq!(title(template), "Title");
            assert_eq!(
                body(template),
                [
                    Source::Paragraph("one two".to_owned()),
                    Source::Heading("Head".to_owned()),
                    Source::Button { link: "block".to_owned(), label: "It: me".to_owned() },
                ]
            );
        }
        assert!(body("Title").is_empty());
    }
}
