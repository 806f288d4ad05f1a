//! The pictures of the expert page as files of their own, for papers and slides.

use std::fmt::Write as _;

use serde_json::Value;

use super::DRAWINGS;
use super::charts::svg::Escaped;
use super::sections::SECTIONS;
use crate::document::Report;
use crate::marks;

/// The colours of a printed page by their names in the style sheet.
const COLOURS: [(&str, &str); 17] = [
    ("paper", "#ffffff"),
    ("ink", "#171b21"),
    ("mute", "#535d6a"),
    ("rule", "#d8dde3"),
    ("hair", "#e9ecf0"),
    ("shade", "#e1ddcb"),
    ("ridge", "#dbe7f1"),
    ("rest", "#e6e9ed"),
    ("k0", "#0072b2"),
    ("k1", "#d55e00"),
    ("k2", "#00805e"),
    ("k3", "#aa3377"),
    ("k4", "#a87400"),
    ("k5", "#4b3fa0"),
    ("k6", "#1f8a99"),
    ("k7", "#5b5f66"),
    ("kn", "#8c949e"),
];

/// Height of the title above a picture, of a row of the legend, and of a line of the caption.
const TITLE: f64 = 30.0;
const ROW: f64 = 20.0;
/// Characters of a line below a picture of 540 pixels.
const CHARACTERS: f64 = 84.0 / 540.0;
/// Longest name.
const LONGEST: usize = 80;

/// Every picture of the expert page with a name for its file, each once: lower-case letters, digits and hyphens, without an ending. A picture is SVG with its own
/// style, title, legend and caption; it needs no other file and no script. The same report gives the same bytes.
pub fn pictures(report: &Report) -> Vec<(String, String)> {
    let report = &*marks::shown(report);
    let style = style();
    let mut found: Vec<(String, String)> = Vec::new();
    for section in SECTIONS {
        let content = (section.content)(report, &[]).and_then(|content| serde_json::to_value(content).ok()).unwrap_or_default();
        let mut figures = Vec::new();
        walk(&content, &[section.id], &mut figures);
        for (names, figure) in figures {
            let Some(drawn) = standalone(figure, &style) else { continue };
            let name = slug(&names);
            let taken = |name: &str| found.iter().any(|(known, _)| known == name);
            let free = (2..found.len() + 3).map(|number| format!("{name}-{number}")).find(|name| !taken(name));
            let name = if taken(&name) { free.unwrap_or_default() } else { name };
            found.push((name, drawn));
        }
    }
    found
}

/// Figures below a value, with the names on the way to them.
fn walk<'a>(value: &'a Value, names: &[&'a str], found: &mut Vec<(Vec<&'a str>, &'a Value)>) {
    match value {
        Value::Object(fields) => {
            let named = ["name", "title"].iter().find_map(|key| fields.get(*key)?.as_str()).filter(|name| !name.is_empty());
            let names: Vec<&str> = names.iter().copied().chain(named).collect();
            if fields.contains_key("svg") && fields.contains_key("legend") {
                found.push((names, value));
            } else {
                fields.values().for_each(|field| walk(field, &names, found));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, names, found)),
        _ => {}
    }
}

/// A name for a file.
fn slug(names: &[&str]) -> String {
    let mut name = String::new();
    for character in names.join("-").chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character.to_ascii_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(LONGEST);
    name.trim_matches('-').to_owned()
}

/// The rules of drawings in the colours of a printed page: programs that show pictures do not all know variables.
fn style() -> String {
    let mut style = DRAWINGS.to_owned();
    for step in 0..10 {
        // Towards the first colour: 4 %, 14 % and so on.
        let mix = |part: f64| (255.0 + (part - 255.0) * (0.04 + 0.1 * f64::from(step))).round() as u8;
        let mixed = format!("color-mix(in srgb, var(--k0) {}%, var(--paper))", 4 + 10 * step);
        style = style.replace(&mixed, &format!("#{:02x}{:02x}{:02x}", mix(0.0), mix(114.0), mix(178.0)));
    }
    for (name, colour) in COLOURS {
        style = style.replace(&format!("var(--{name})"), colour);
    }
    style
        .replace("font-family: inherit", "font-family: Arial,Helvetica,sans-serif")
        .replace("font-family:inherit", "font-family:Arial,Helvetica,sans-serif")
}

/// A figure of the page as a file.
fn standalone(figure: &Value, style: &str) -> Option<String> {
    let text = |key: &str| figure.get(key).and_then(Value::as_str).unwrap_or_default();
    let (width, height) = size(text("svg"))?;
    let inner = text("svg").split_once('>')?.1.strip_suffix("</svg>")?;
    let legend: Vec<(&str, &str)> = figure
        .get("legend")?
        .as_array()?
        .iter()
        .filter_map(|entry| {
            Some((entry.get("swatch")?.as_str()?.split_once('>')?.1.strip_suffix("</svg>")?, entry.get("label")?.as_str()?))
        })
        .collect();
    let lines = wrapped(text("caption"), (width * CHARACTERS) as usize);
    let total = TITLE + height + ROW * (legend.len() + lines.len()) as f64 + 12.0;
    let mut drawn = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {total}\" width=\"{width}\" height=\"{total}\" role=\"img\">\n<title>{}</title>\n\
         <style>{style}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        Escaped(text("title"))
    );
    let _ = write!(drawn, "<text class=\"strong\" x=\"2\" y=\"18\" font-size=\"15\">{}</text>", Escaped(text("title")));
    let _ = write!(drawn, "<g transform=\"translate(0 {TITLE})\">{inner}</g>");
    let mut at = TITLE + height + ROW - 4.0;
    for (swatch, label) in legend {
        let _ = write!(
            drawn,
            "<g transform=\"translate(2 {})\">{swatch}</g><text x=\"40\" y=\"{at}\" font-size=\"13\">{}</text>",
            at - 10.0,
            Escaped(label)
        );
        at += ROW;
    }
    for line in lines {
        let _ = write!(drawn, "<text class=\"tick\" x=\"2\" y=\"{at}\">{}</text>", Escaped(&line));
        at += ROW;
    }
    drawn.push_str("\n</svg>\n");
    Some(drawn)
}

/// Width and height that a drawing of this crate begins with.
fn size(svg: &str) -> Option<(f64, f64)> {
    let mut numbers = svg.split_once("viewBox=\"0 0 ")?.1.split('"').next()?.split(' ');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Lines of at most so many characters, broken at spaces.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{slug, style, wrapped};

    #[test]
    fn a_name_is_one_of_a_file() {
        assert_eq!(slug(&["groups", "../..\\sex x race", "Scores\u{202e}"]), "groups-sex-x-race-scores");
        assert!(slug(&["a", &"b".repeat(200)]).len() <= 80);
    }

    #[test]
    fn a_style_for_files_has_no_variable() {
        assert!(!style().contains("var(") && !style().contains("color-mix") && !style().contains("inherit"));
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert!(wrapped("", 7).is_empty());
    }
}
