//! `fetch`: public corpora.

use evenhand_data::fetch::{self, Network, ORIGINS, Source, Stage};

use super::Outcome;
use crate::args::Fetch;
use crate::{printer, progress};

pub(crate) fn fetch(arguments: &Fetch, json: bool) -> anyhow::Result<Outcome> {
    let Some(corpus) = &arguments.corpus else { return list(json) };
    let destination = match &arguments.to {
        Some(folder) => folder.clone(),
        None => fetch::cache_folder()?,
    };
    let source = arguments.from.clone().map_or_else(|| Source::Network(Network::default()), Source::Folder);
    let bar = progress::bytes();
    let fetched = fetch::fetch(corpus, &destination, &source, &mut |now| {
        if now.stage == Stage::Receiving {
            bar.set_message(now.file.to_owned());
            if let Some(total) = now.total {
                bar.set_length(total);
            }
            bar.set_position(now.received);
        }
    })?;
    bar.finish_and_clear();
    if json {
        let files: Vec<_> =
            fetched.files.iter().map(|file| serde_json::json!({ "name": file.name, "bytes": file.bytes, "sha256": file.sha256 })).collect();
        printer::json(&serde_json::json!({ "corpus": corpus, "folder": fetched.folder, "files": files }))?;
    } else {
        for file in &fetched.files {
            printer::text(&format!("{}  {} bytes  sha256 {}\n", file.name, file.bytes, file.sha256))?;
        }
        printer::text(&format!("{corpus}: {}\n", fetched.folder.display()))?;
    }
    Ok(Outcome::Fine)
}

fn list(json: bool) -> anyhow::Result<Outcome> {
    if json {
        let corpora: Vec<_> = ORIGINS
            .iter()
            .map(|origin| serde_json::json!({ "corpus": origin.corpus, "bytes": origin.bytes(), "licence": origin.licence, "page": origin.page }))
            .collect();
        printer::json(&serde_json::Value::Array(corpora))?;
    } else {
        let width = ORIGINS.iter().map(|origin| origin.corpus.len()).max().unwrap_or(0);
        for origin in ORIGINS {
            printer::text(&format!("{:width$}  {:>10} bytes  {}; {}\n", origin.corpus, origin.bytes(), origin.licence, origin.page))?;
        }
    }
    Ok(Outcome::Fine)
}
