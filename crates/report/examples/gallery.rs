//! Writes pages to look at: one of every kind from made-up reports, or those of the reports that are named.
//!
//! `cargo run -p evenhand-report --example gallery -- FOLDER [REPORT.json ...]`
#![allow(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::error::Error;
use std::path::{Path, PathBuf};

use evenhand_report::Report;

#[path = "../tests/sample.rs"]
mod sample;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "target/gallery".to_owned()));
    std::fs::create_dir_all(&folder)?;
    let mut pages: Vec<(String, Report)> = Vec::new();
    for path in arguments {
        let name = Path::new(&path).file_stem().map_or_else(|| "report".to_owned(), |stem| stem.to_string_lossy().into_owned());
        pages.push((name, serde_json::from_str(&std::fs::read_to_string(&path)?)?));
    }
    if pages.is_empty() {
        pages = [
            ("comparison", sample::comparison(true)),
            ("comparison-binary", sample::comparison(false)),
            ("audit", sample::audit()),
            ("sweep", sample::sweep()),
            ("single", sample::single()),
            ("extremes", sample::extremes()),
        ]
        .map(|(name, report)| (name.to_owned(), report))
        .into();
    }
    for (name, report) in pages {
        let path = folder.join(name).with_extension("html");
        std::fs::write(&path, evenhand_report::html::render(&report, &[])?)?;
        println!("{}", path.display());
    }
    Ok(())
}
