//! Writes a page of every kind from made-up reports, to look at: `cargo run -p evenhand-audit --example gallery -- FOLDER`.
#![allow(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::path::PathBuf;

#[path = "../tests/sample.rs"]
mod sample;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/gallery".to_owned()));
    std::fs::create_dir_all(&folder)?;
    let pages = [
        ("comparison", sample::comparison(true)),
        ("comparison-binary", sample::comparison(false)),
        ("audit", sample::audit()),
        ("sweep", sample::sweep()),
        ("single", sample::single()),
        ("extremes", sample::extremes()),
    ];
    for (name, report) in pages {
        let path = folder.join(format!("{name}.html"));
        std::fs::write(&path, evenhand_audit::html::render(&report)?)?;
        println!("{}", path.display());
    }
    Ok(())
}
