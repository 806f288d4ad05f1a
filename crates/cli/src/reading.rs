//! How tables are read: the same options for every command that reads one.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use evenhand_data::sheet::{ReadOptions, Reading as ColumnReading};
use evenhand_data::table::{self, Encoding, FileOptions, Separator, TableSettings};
use evenhand_rows::Scale;
use evenhand_rows::roles::words::Categories;

/// Options of every command that reads tables.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading tables")]
pub(crate) struct Reading {
    /// Sign between the fields of text files: comma, semicolon, tab, pipe, blank, or the sign itself [default: found by the rows]
    #[arg(long, value_name = "SIGN")]
    pub(crate) separator: Option<String>,
    /// Lines above the header [default: found by the rows]
    #[arg(long, value_name = "N")]
    pub(crate) skip_lines: Option<usize>,
    /// Worksheet of a workbook [default: the first that holds rows]
    #[arg(long, value_name = "NAME")]
    pub(crate) worksheet: Option<String>,
    /// Encoding of text files: utf-8, utf-16le, utf-16be or windows-1252 [default: found by the bytes]
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,
    /// Sign before decimals where the fields are not separated by commas: point or comma [default: found by the numbers]
    #[arg(long, value_name = "SIGN")]
    pub(crate) decimal: Option<String>,
    /// Text that means "missing", beside the empty field, NaN, N/A, NA, null, -, #N/A and (blank); may be repeated
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) missing: Vec<String>,
    /// File of categories that stand for others: columns `from` and `to`, and `column` where a rule is for one column
    #[arg(long, value_name = "FILE")]
    pub(crate) categories: Option<PathBuf>,
    /// Keep only the rows with this value; repeated, values of one column are alternatives and columns must all hold
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub(crate) filter: Vec<String>,
}

impl Reading {
    /// The settings for these files.
    pub(crate) fn settings(&self, files: &[String]) -> anyhow::Result<TableSettings> {
        let file = FileOptions {
            separator: self
                .separator
                .as_deref()
                .map(|word| Separator::from_word(word).with_context(|| refused("separator", word, &Separator::WORDS)))
                .transpose()?,
            skip_lines: self.skip_lines,
            worksheet: self.worksheet.clone(),
            encoding: self
                .encoding
                .as_deref()
                .map(|word| Encoding::from_word(word).with_context(|| refused("encoding", word, &Encoding::WORDS)))
                .transpose()?,
            decimal: self
                .decimal
                .as_deref()
                .map(|word| FileOptions::decimal_from_word(word).with_context(|| refused("decimal", word, &FileOptions::DECIMALS)))
                .transpose()?,
        };
        let mut settings = TableSettings { file, filter: Vec::new() };
        if !self.filter.is_empty() || self.categories.is_some() {
            let columns = table::columns(files, &settings.file)?;
            table::check_categories(&self.categories()?, &names(files), &columns)?;
            settings.filter = self
                .filter
                .iter()
                .map(|text| TableSettings::parse_filter(text, &columns).with_context(|| format!("--where \"{text}\"")))
                .collect::<Result<_, _>>()?;
        }
        Ok(settings)
    }

    /// All of it, for rows that are changed: a ranking, a balancing.
    pub(crate) fn options(&self, files: &[String], readings: Vec<(String, ColumnReading)>) -> anyhow::Result<ReadOptions> {
        Ok(ReadOptions {
            settings: self.settings(files)?,
            missing: self.missing.clone(),
            categories: self.categories()?,
            readings: readings.into_iter().collect(),
            ..ReadOptions::default()
        })
    }

    /// How the rows came to be, as a report keeps it: what a command says of its own, then what was said of the reading; what nobody said beyond
    /// that is left out.
    pub(crate) fn told(&self, own: &serde_json::Value, said: &[(&str, serde_json::Value)]) -> serde_json::Map<String, serde_json::Value> {
        let mut told = own.as_object().cloned().unwrap_or_default();
        let categories = self.categories.as_ref().map(|path| path.display().to_string());
        let reading = [
            ("separator", serde_json::json!(self.separator)),
            ("decimal", serde_json::json!(self.decimal)),
            ("skip_lines", serde_json::json!(self.skip_lines)),
            ("worksheet", serde_json::json!(self.worksheet)),
            ("encoding", serde_json::json!(self.encoding)),
            ("categories", serde_json::json!(categories)),
            ("where", serde_json::json!(self.filter)),
        ];
        let empty = |value: &serde_json::Value| {
            value.is_null() || value.as_array().is_some_and(Vec::is_empty) || *value == serde_json::json!(false)
        };
        let all = reading.iter().chain(said).filter(|(_, value)| !empty(value));
        told.extend(all.map(|(key, value)| ((*key).to_owned(), value.clone())));
        told
    }

    /// The map of categories.
    pub(crate) fn categories(&self) -> anyhow::Result<Categories> {
        Ok(self.categories.as_deref().map(table::read_categories).transpose().context("--categories")?.unwrap_or_default())
    }
}

fn refused(option: &str, word: &str, known: &[&str]) -> String {
    format!("--{option} {word}: give {}", known.join(", "))
}

/// The threshold of high labels in [0, 1], from one on the labels' own scale; the middle of it where none was given.
pub(crate) fn label_threshold(flag: &str, threshold: Option<f64>, range: Option<(f64, f64)>) -> anyhow::Result<f64> {
    let scale = range.map_or_else(Scale::default, |(low, high)| Scale::of(low, high));
    let (low, high) = (scale.low, scale.high);
    let threshold = threshold.unwrap_or(f64::midpoint(low, high));
    if !(low..=high).contains(&threshold) {
        anyhow::bail!(
            "{flag} {threshold} is not a possible label: labels lie between {low} and {high}; give another threshold, or the range of the labels \
             with --label-range LOW,HIGH"
        );
    }
    Ok(scale.to_unit(threshold))
}

/// Favourable values as a report shows them: one as itself, several as a list.
pub(crate) fn told_favourable(favourable: &[String]) -> serde_json::Value {
    match favourable {
        [] => serde_json::Value::Null,
        [only] => only.as_str().into(),
        several => several.to_vec().into(),
    }
}

/// File names without their folders, which say nothing to whoever reads the report.
pub(crate) fn names(files: &[String]) -> String {
    let name = |file: &String| Path::new(file).file_name().map_or_else(|| file.clone(), |name| name.to_string_lossy().into_owned());
    files.iter().map(name).collect::<Vec<_>>().join(", ")
}
