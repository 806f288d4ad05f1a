//! The report as Markdown, as tables of LaTeX and as pictures.

use std::collections::BTreeSet;

use evenhand_report::html::pictures;
use evenhand_report::views::{latex, markdown};

use crate::{audited, every, sample};

const HIDDEN: [char; 6] = ['\u{202e}', '\u{2066}', '\u{2067}', '\u{200f}', '\u{7}', '\u{1b}'];

/// Cells of a line of a Markdown table: bars that are not escaped.
fn bars(line: &str) -> usize {
    let bytes = line.as_bytes();
    (0..bytes.len()).filter(|&at| bytes[at] == b'|' && (at == 0 || bytes[at - 1] != b'\\')).count()
}

#[test]
fn markdown_is_rectangular_and_holds_no_markup_of_the_data() {
    for report in every() {
        let text = markdown(&report);
        assert!(text.starts_with("# ") && !text.contains('<') && !text.contains(HIDDEN), "{}", report.title);
        for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
            let widths: BTreeSet<usize> = table.lines().map(bars).collect();
            assert_eq!(widths.len(), 1, "{}: {table}", report.title);
        }
    }
    let text = markdown(&audited::audit());
    assert!(
        text.contains(
            "Of 100 candidates of group women x Hispanic or Latino (n = 1,762) 39 are selected, of 100 candidates of group men x Asian (n = 1,266) 54: impact \
             ratio 0.72 \\[0.67, 0.78\\], the lowest of 3 attributes (sex x race)."
        ),
        "{text}"
    );
    assert!(text.contains("| women | 9,597 | 4,220 | 44.0 % \\[43.0 %, 45.0 %\\] | 0.87 \\[0.84, 0.89\\] |"), "{text}");
}

#[test]
fn latex_is_balanced_and_rectangular() {
    for report in every() {
        let text = latex(&report);
        assert!(!text.contains(HIDDEN), "{}", report.title);
        assert_eq!(text.matches("\\begin{").count(), text.matches("\\end{").count(), "{}", report.title);
        for table in text.split("\\begin{tabular}").skip(1).map(|rest| rest.split("\\end{tabular}").next().unwrap()) {
            let columns = table[1..].split('}').next().unwrap().len();
            for line in table.lines().filter(|line| line.ends_with("\\\\")) {
                let cells = line.replace("\\&", "").matches('&').count() + 1;
                assert_eq!(cells, columns, "{}: {line}", report.title);
                assert!(!line.starts_with('['), "{line}");
            }
        }
        // What is not a comment has no bare sign of LaTeX's own out of the data.
        for line in text.lines().filter(|line| !line.starts_with('%')) {
            assert!(!line.replace("\\%", "").contains('%') && !line.replace("\\#", "").contains('#'), "{line}");
        }
    }
}

#[test]
fn pictures_stand_alone() {
    for report in every() {
        let pictures = pictures(&report);
        let names: BTreeSet<&str> = pictures.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), pictures.len(), "{}: names repeat", report.title);
        for (name, svg) in &pictures {
            assert!(
                !name.is_empty() && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'),
                "{name}"
            );
            assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{name}");
            for forbidden in ["<script", "var(", "href", "url(", "NaN", "@import", "class=\"swatch\""] {
                assert!(!svg.contains(forbidden), "{name}: {forbidden}");
            }
            assert!(!svg.contains(HIDDEN), "{name}");
            for tag in ["svg", "g", "text", "title", "style"] {
                let opened = svg.matches(&format!("<{tag} ")).count() + svg.matches(&format!("<{tag}>")).count();
                assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{name}: <{tag}>");
            }
        }
    }
    let names: Vec<String> = pictures(&sample::comparison(true)).into_iter().map(|(name, _)| name).collect();
    for name in ["tradeoff-srcc-and-spdd-for-gender", "groups-gender-vanilla-scores", "latent-vanilla-by-gender"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
}
