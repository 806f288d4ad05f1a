//! The guide as somebody types it: every file of a page is written, every command run.

use std::fs;
use std::path::Path;

use crate::command::{Place, stderr};

/// A block of a page: the words after its opening fence, and its lines.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(words)) => open = Some((words.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

#[test]
fn every_command_of_the_guide_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let mut pages = 0;
    let mut commands = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        let place = Place::new(&[]);
        pages += 1;
        for (words, text) in blocks(&page) {
            let words: Vec<&str> = words.split_whitespace().collect();
            if let [_, name] = words.as_slice() {
                fs::write(place.path().join(name), &text).unwrap();
            }
            if words.as_slice() != ["console"] {
                continue;
            }
            for line in text.lines() {
                let Some(line) = line.strip_prefix("$ evenhand ") else { panic!("{}: `{line}` is no command", path.display()) };
                let (line, wanted) = line.split_once(" # exit ").map_or((line, 0), |(line, code)| (line, code.trim().parse().unwrap()));
                let output = place.run(line);
                assert_eq!(output.status.code(), Some(wanted), "{}: {line}: {}", path.display(), stderr(&output));
                commands += 1;
            }
        }
    }
    assert!(pages >= 5 && commands >= 12, "{pages} pages, {commands} commands");
}
