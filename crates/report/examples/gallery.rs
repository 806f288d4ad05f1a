//! Writes pages to look at: one of every kind from made-up reports, or those of the reports that are named.
//!
//! `cargo run -p evenhand-report --example gallery -- FOLDER [REPORT.json ...]`
#![allow(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::error::Error;
use std::path::{Path, PathBuf};

use evenhand_report::Report;

#[path = "../tests/audited.rs"]
mod audited;
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
        pages = vec![
            ("comparison", sample::comparison(true)),
            ("comparison-binary", sample::comparison(false)),
            ("audit", sample::audit()),
            ("sweep", sample::sweep()),
            ("chosen-sweep", sample::chosen_sweep()),
            ("single", sample::single()),
            ("extremes", sample::extremes()),
            ("ranking", sample::ranking(30, 8)),
            ("balancing", sample::balancing(6)),
            ("audited", audited::audit()),
            ("decisions", audited::decisions()),
            ("law", audited::law()),
            ("scores", audited::scores()),
            ("hostile", audited::hostile()),
        ]
        .into_iter()
        .map(|(name, report)| (name.to_owned(), report))
        .collect();
    }
    for (name, report) in pages {
        for (what, text) in [("md", evenhand_report::views::markdown(&report)), ("tex", evenhand_report::views::latex(&report))] {
            std::fs::write(folder.join(format!("{name}.{what}")), text)?;
        }
        std::fs::write(folder.join(format!("{name}.csv")), evenhand_report::views::measures::csv(&report)?)?;
        for (picture, svg) in evenhand_report::html::pictures(&report) {
            std::fs::create_dir_all(folder.join(&name))?;
            std::fs::write(folder.join(&name).join(format!("{picture}.svg")), svg)?;
        }
        let pages = [("", evenhand_report::html::render(&report, &[])?), ("-summary", evenhand_report::html::summary(&report)?)];
        for (what, page) in pages {
            let path = folder.join(format!("{name}{what}.html"));
            std::fs::write(&path, &page)?;
            println!("{} {}", path.display(), page.len());
        }
    }
    Ok(())
}
