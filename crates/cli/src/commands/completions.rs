//! `completions`: a script for the shell.

use clap::CommandFactory;

use super::Outcome;
use crate::args::{Arguments, Completions};
use crate::printer;

pub(crate) fn completions(arguments: &Completions) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "evenhand", &mut script);
    printer::text(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Fine)
}
