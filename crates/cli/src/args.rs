//! What can be typed. Parsing does no work: the commands translate to requests of `evenhand-audit`.

use std::path::PathBuf;

use clap::{Arg, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use evenhand_audit::rank::Wanted;
use evenhand_catalog::{Value, meant_as_percent};
use evenhand_data::sheet::Reading as ColumnReading;

use crate::outputs::Writing;
use crate::reading::Reading;

/// Scores and shortlists that treat groups even-handedly, and the evidence.
#[derive(Debug, Parser)]
#[command(name = "evenhand", version, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Threads to use (default: all cores); the results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Another ceiling of a size, as `groups=10000`; may be repeated; docs/limits.md lists them
    #[arg(long, global = true, value_name = "LIMIT=N", value_parser = ceiling)]
    pub(crate) ceiling: Vec<(String, u64)>,
}

/// What was typed. A negative number is the value of the flag before it, never a flag of its own: what is wrong with it is said by whoever checks the value.
pub(crate) fn parse() -> Arguments {
    let signed = |arg: Arg| {
        let takes_a_value = arg.get_action().takes_values() && arg.get_long().is_some();
        if takes_a_value { arg.allow_negative_numbers(true) } else { arg }
    };
    let command = Arguments::command().mut_args(signed).mut_subcommands(|command| command.mut_args(signed));
    Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

fn ceiling(text: &str) -> Result<(String, u64), String> {
    let (id, most) = text.split_once('=').ok_or("write it as LIMIT=N")?;
    let most = most.trim().parse().map_err(|_| format!("`{}` is no whole number", most.trim()))?;
    Ok((id.trim().to_owned(), most))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train seven methods on made-up interviews and write the report; needs no data and no network
    Demo(Demo),
    /// Look at the columns of a table and write a recipe for it: roles, inputs, what is left out and why
    Init(Box<Init>),
    /// Train one method of a recipe, keep the model, write scores' evidence
    Run(Run),
    /// Train every method of a recipe over its seeds or folds and compare them
    Compare(Compare),
    /// Train one method over several values of one setting
    Sweep(Sweep),
    /// Score the rows of a file with a model that `run` kept
    Score(Box<Score>),
    /// Audit the scores in a CSV or Parquet file
    Audit(Box<Audit>),
    /// Balance the rows of a file between groups: leave out, repeat, weigh, or make new ones
    Balance(Box<Balance>),
    /// Re-rank the candidates of a file so that the first places show every group, with the reason of every move
    Rank(Box<Rank>),
    /// Render a finished report again: a page for people, one with everything, tables, text or pictures
    Report(Report),
    /// Measure how far labels tilt towards a group, or write a subset with a wanted tilt
    Skew(Box<Skew>),
    /// Download a public corpus, or take it from a folder
    Fetch(Fetch),
    /// Write the manifest of a corpus of recordings that you obtained, for `extract`
    Manifest(Manifest),
    /// Turn recorded interviews into tensors that recipes can train on, or report how that went
    Extract(Box<Extract>),
    /// Convert weights that you obtained yourself
    Weights(Weights),
    /// Explain the metrics, methods and corpora that recipes can name
    Catalog(Catalog),
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for the report
    #[arg(long, default_value = "evenhand-demo", value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Compute everything anew, also what an earlier call finished
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Made-up recordings (frames, voice, words) instead of a table
    #[arg(long)]
    pub(crate) interviews: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Table of past candidates (CSV and its kin, Parquet, Feather, JSON lines, xlsx; also packed)
    pub(crate) file: PathBuf,
    /// Recipe to write [default: beside the table, with its name]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Column with the label [default: proposed by names and values]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// A favourable value of the label, when it holds words; may be repeated
    #[arg(long, value_name = "VALUE")]
    pub(crate) favourable: Vec<String>,
    /// Sensitive attribute: a column, an intersection or a cut as for `audit`; may be repeated [default: proposed by names and values]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sensitive: Vec<String>,
    /// Ask nothing
    #[arg(long)]
    pub(crate) yes: bool,
    /// Replace a recipe that is there already
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// What `run`, `compare` and `sweep` share.
#[derive(Debug, Args)]
pub(crate) struct Grid {
    /// The recipe (TOML)
    pub(crate) recipe: PathBuf,
    /// Folder for finished runs and the report [default: runs/NAME-OF-RECIPE]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Folder of the corpus [default: where `evenhand fetch` puts it]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Train this many methods at a time [default: one per core; one alone on recordings, which take all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Compute everything anew, also what an earlier call finished
    #[arg(long)]
    pub(crate) fresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) grid: Grid,
    /// Name of the method [default: the recipe's last]
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Seed [default: the recipe's first]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) grid: Grid,
    /// Only these methods, by name
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) methods: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Sweep {
    #[command(flatten)]
    pub(crate) grid: Grid,
    /// The setting and its values
    #[arg(long, value_name = "SETTING=VALUE,…", value_parser = over)]
    pub(crate) over: Over,
    /// Name of the method [default: the recipe's last]
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Choose the best value within this limit, judged on validation rows; `metric=value` or `metric@attribute=value`, may be repeated
    /// [default: the recipe's limits, if it has any; without any nothing is chosen, and what chance alone gives is told]
    #[arg(long = "limit", value_name = "METRIC=VALUE", value_parser = limit)]
    pub(crate) limits: Vec<(String, f64)>,
    /// What the best value is best in: any metric, as `metric` or `metric@attribute`, in the direction in which it is better [default: srcc for
    /// continuous labels, accuracy for binary ones]
    #[arg(long, value_name = "METRIC")]
    pub(crate) by: Option<String>,
}

/// A threshold on the person's own scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Threshold {
    Value(f64),
    Median,
}

fn threshold(text: &str) -> Result<Threshold, String> {
    if text.trim().eq_ignore_ascii_case("median") {
        return Ok(Threshold::Median);
    }
    number(text).map(Threshold::Value).map_err(|error| format!("{error}, nor `median`"))
}

/// How many of the best scores are selected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Top {
    Count(usize),
    Share(f64),
}

fn top(text: &str) -> Result<Top, String> {
    let text = text.trim();
    match text.strip_suffix('%') {
        Some(percent) => match number(percent.trim()) {
            Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Top::Share(percent / 100.0)),
            _ => Err(format!("`{text}` is no share; give a percentage above 0 and at most 100, such as 20%")),
        },
        None => {
            text.parse().map(Top::Count).map_err(|_| format!("`{text}` is neither a number of rows, such as 60, nor a share, such as 20%"))
        }
    }
}

/// A setting and its values.
#[derive(Debug, Clone)]
pub(crate) struct Over {
    pub(crate) setting: String,
    pub(crate) values: Vec<f64>,
}

fn over(text: &str) -> Result<Over, String> {
    let (setting, values) = text.split_once('=').ok_or("write it as objective.lambda_w=0.1,1,10")?;
    let values = values.split(',').map(|value| number(value.trim())).collect::<Result<_, _>>()?;
    Ok(Over { setting: setting.trim().to_owned(), values })
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| format!("`{text}` is not a finite number"))
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    /// Folder of the model
    pub(crate) model: PathBuf,
    /// CSV or Parquet files, or globs, with the inputs of the model; for a model of recordings one manifest (CSV) or one extracted folder
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// CSV file to write; its column `row` counts the rows that were read, empty ones not among them
    #[arg(long, default_value = "scores.csv", value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Manifest: folder for its tensors; the same command goes on where an earlier one stopped [default: beside the scores]
    #[arg(long, value_name = "FOLDER", help_heading = "Recordings")]
    pub(crate) extracted: Option<PathBuf>,
    /// Manifest: the face detector's weights that the model's recordings had
    #[arg(long, value_name = "FILE", help_heading = "Recordings")]
    pub(crate) weights: Option<PathBuf>,
    /// Manifest: boxes of faces, where the model's recordings came with boxes
    #[arg(long, value_name = "FILE", help_heading = "Recordings")]
    pub(crate) boxes: Option<PathBuf>,
    /// Manifest: folder of the language model that the model's recordings had
    #[arg(long, value_name = "FOLDER", help_heading = "Recordings")]
    pub(crate) text_model: Option<PathBuf>,
    /// Manifest: command of a speech recogniser for candidates without a transcript
    #[arg(long, value_name = "COMMAND", help_heading = "Recordings")]
    pub(crate) recogniser: Option<String>,
    /// Manifest: candidates at a time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Recordings")]
    pub(crate) jobs: Option<u16>,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Whose definitions.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Convention {
    Evenhand,
    Fairlearn,
    Aif360,
}

/// Exact or grid.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Definition {
    Exact,
    Grid,
}

/// What a report can be rendered as.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// One or two pages for people (summary.html)
    Summary,
    /// The page with everything (report.html)
    Html,
    /// Every number as a row (measures.csv)
    Csv,
    /// Tables for a paper (report.tex)
    Latex,
    /// Text with tables (report.md)
    Markdown,
    /// Every picture as a file (pictures/)
    Svg,
    /// Technical documentation as Annex IV of the EU AI Act lists it, to be filled in (annex-iv.md)
    AnnexIv,
    /// Documentation as Colorado's SB 26-189 asks for it, to be filled in (colorado-sb26-189.md)
    #[value(name = "colorado-sb26-189")]
    Colorado,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Folder of a finished report, or its report.json
    #[arg(value_name = "REPORT")]
    pub(crate) place: PathBuf,
    /// The form
    #[arg(long, value_enum)]
    pub(crate) format: Format,
    /// Folder of the model that gave the scores: what it tells of itself stands in annex-iv and colorado-sb26-189
    #[arg(long, value_name = "FOLDER")]
    pub(crate) model: Option<PathBuf>,
    /// File to write, or - for standard output; for pictures a folder [default: in the report's folder, named by the form]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What limits are judged by.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Judge {
    Value,
    Interval,
}

/// A rule of law whose tables are made.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules of law")]
pub(crate) struct Rule {
    /// Make the tables that this rule asks for; `evenhand catalog` lists the rules. With --out: summary.html for the public, workpapers.html, report.json,
    /// tables.csv and manifest.json
    #[arg(long, value_name = "ID", conflicts_with_all = ["stream", "weight", "label"])]
    pub(crate) law: Option<String>,
    /// Column with the sex
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sex: Option<String>,
    /// Column with race and ethnicity
    #[arg(long, value_name = "COLUMN")]
    pub(crate) race: Option<String>,
    /// Column that says who is of Hispanic origin, whatever their race
    #[arg(long, value_name = "COLUMN", requires = "race")]
    pub(crate) hispanic: Option<String>,
    /// Column that says who was hired, where the rule asks for that beside the selection
    #[arg(long, value_name = "COLUMN")]
    pub(crate) hired: Option<String>,
    /// File (TOML) of what only a person can tell: auditor, tool, dates, source of the data, words for categories; also without --law
    #[arg(long, value_name = "FILE")]
    pub(crate) details: Option<PathBuf>,
    /// Print a file of details to be filled in
    #[arg(long, requires = "law")]
    pub(crate) example_details: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody types")]
pub(crate) struct Audit {
    /// Tables (CSV and its kin, Parquet, Feather, JSON lines, xlsx; also packed), or globs, or - for standard input; or one predictions_*.npy of
    /// FairCVtest with its profiles beside it
    #[arg(required_unless_present = "example_details")]
    pub(crate) files: Vec<String>,
    /// Column with the score, or with a decision: 0/1, or words
    #[arg(
        long,
        value_name = "COLUMN",
        required_unless_present_any = ["applicants", "selected", "example_details"],
        conflicts_with_all = ["applicants", "selected"],
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) score: String,
    /// Folder of the model that made the scores: the report names its digest
    #[arg(long, value_name = "FOLDER")]
    pub(crate) model: Option<PathBuf>,
    /// Column with the number of applicants, where a row is a category and not a person
    #[arg(long, value_name = "COLUMN", requires = "selected")]
    pub(crate) applicants: Option<String>,
    /// Column with the number of those who were selected; with --law and without --applicants, column with the decision of each person: 0/1, or words
    #[arg(long, value_name = "COLUMN")]
    pub(crate) selected: Option<String>,
    /// Column that says how many equal rows a row stands for
    #[arg(long, value_name = "COLUMN", conflicts_with = "applicants")]
    pub(crate) count: Option<String>,
    /// Column that says whose row it is: somebody with several rows counts once
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["count", "applicants", "stream"])]
    pub(crate) person: Option<String>,
    /// The lowest score is the best
    #[arg(long)]
    pub(crate) lower_is_better: bool,
    /// Sensitive attribute: a column, an intersection ("gender x race"), a cut ("age > 25") or one group against the rest ("race = White"); may be repeated
    #[arg(long = "group", required_unless_present_any = ["law", "sex", "race", "hired"], value_name = "COLUMN")]
    pub(crate) groups: Vec<String>,
    /// Job, site or another column: every number within each of its values too, the pooled one beside it, and what holds once they are taken into account; a
    /// limit and the exit code judge all rows together, and in how many values the limit would be breached is said beside it; a column, an intersection or a
    /// cut as for --group; may be repeated
    #[arg(long = "by", value_name = "COLUMN", conflicts_with = "stream")]
    pub(crate) by: Vec<String>,
    /// Column with the truth: 0/1, words, or a number in [0, 1] or in --label-range; rows without it count in what needs no truth
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// Leave rows without a score out, counted by group, as `score` writes for candidates that it could not score
    #[arg(long)]
    pub(crate) skip_unscored: bool,
    /// A favourable value of the label or of a decision in words; may be repeated
    #[arg(long, value_name = "VALUE")]
    pub(crate) favourable: Vec<String>,
    /// A value of the label on which nothing is decided yet, beside words such as pending or withdrawn; may be repeated
    #[arg(long, value_name = "VALUE")]
    pub(crate) undecided: Vec<String>,
    /// Lowest and highest possible label, when that is not 0 to 1; labels are rescaled to [0, 1]
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true, requires = "label")]
    pub(crate) label_range: Option<(f64, f64)>,
    /// Column with the sample weight
    #[arg(long, value_name = "COLUMN")]
    pub(crate) weight: Option<String>,
    /// Lowest and highest possible score, when that is not 0 to 1; scores and threshold are rescaled to [0, 1]
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true)]
    pub(crate) range: Option<(f64, f64)>,
    /// Selected when the score is above this threshold, a number of the score's own scale or `median`; where lower is better, at or below it
    /// [default: 0.5, or the middle of --range]
    #[arg(long, value_name = "T", value_parser = threshold, allow_negative_numbers = true)]
    pub(crate) threshold: Option<Threshold>,
    /// Selected are the K best scores or the best P %, and those equal to the last of them, whatever the threshold
    #[arg(long, value_name = "K|P%", conflicts_with = "threshold", value_parser = top)]
    pub(crate) top: Option<Top>,
    /// Select scores equal to the threshold as well
    #[arg(long)]
    pub(crate) at_or_above: bool,
    /// A continuous label counts as positive at or above this value [default: 0.5, or the middle of --label-range]
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub(crate) label_threshold: Option<f64>,
    /// The privileged group of an attribute, for signed definitions
    #[arg(long, value_name = "ATTRIBUTE=GROUP", value_parser = pair)]
    pub(crate) privileged: Vec<(String, String)>,
    /// Whose definitions, where toolkits differ
    #[arg(long, value_enum, default_value = "evenhand")]
    pub(crate) convention: Convention,
    /// Exact, or the 50-point grid of Kim et al. 2023
    #[arg(long, value_enum, default_value = "exact")]
    pub(crate) definition: Definition,
    /// Smaller groups are listed, not compared
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) minimum_group_size: usize,
    /// A limit: exit code 1 when it is breached; `metric=value` or `metric@attribute=value`, may be repeated
    #[arg(long = "limit", value_name = "METRIC=VALUE", value_parser = limit)]
    pub(crate) limits: Vec<(String, f64)>,
    /// What a limit is judged by: its value, or its interval (exit code 1 when all of it is beyond the limit, 3 when the limit lies inside and no other is
    /// breached for sure)
    #[arg(long, value_enum, default_value = "value", requires = "limits")]
    pub(crate) judge: Judge,
    /// Coverage of the intervals; 0 turns them off
    #[arg(long, default_value_t = 0.95, value_name = "LEVEL", value_parser = number)]
    pub(crate) level: f64,
    /// Replicates behind the intervals
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub(crate) replicates: usize,
    /// Permutations behind p-values and behind what chance alone gives; 0 turns them off
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub(crate) permutations: usize,
    /// Seed of replicates and permutations
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    /// Read in chunks with constant memory: exact counts, SPDD within a printed bound
    #[arg(long)]
    pub(crate) stream: bool,
    /// Folder for report.json, report.html, summary.html and measures.csv; nothing is written without it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Heading of the report [default: the file's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    #[command(flatten)]
    pub(crate) rule: Rule,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Balance {
    /// Tables (CSV and its kin, Parquet, Feather, JSON lines, xlsx; also packed), or globs, or - for standard input
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// Sensitive attribute: a column; for methods that make no rows also an intersection ("gender x race"), a cut ("age > 25") or one group
    /// against the rest ("race = White")
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: String,
    /// Column with the label; without it rows are made for the groups alone
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// A favourable value of the label, when it holds words; may be repeated
    #[arg(long, value_name = "VALUE", requires = "label")]
    pub(crate) favourable: Vec<String>,
    /// A value of the label on which nothing is decided yet, beside words such as pending or withdrawn; may be repeated
    #[arg(long, value_name = "VALUE", requires = "label")]
    pub(crate) undecided: Vec<String>,
    /// Lowest and highest possible label, when that is not 0 to 1; labels are rescaled to [0, 1]
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true, requires = "label")]
    pub(crate) label_range: Option<(f64, f64)>,
    /// A synthesiser (ctgan, gaussian-copula) or a rebalancer (oversampling, rejection-sampling, …); `evenhand catalog` lists them
    #[arg(long, default_value = "gaussian-copula", value_name = "ID")]
    pub(crate) method: String,
    /// A parameter of the method; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) set: Vec<(String, Value)>,
    /// CSV file to write
    #[arg(long, default_value = "balanced.csv", value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Folder for report.json, report.html, summary.html and measures.csv; nothing is written without it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) report: Option<PathBuf>,
    /// Column with the job, within which rejection-sampling keeps its shares
    #[arg(long, value_name = "COLUMN")]
    pub(crate) job: Option<String>,
    /// How a column is read: number, number-point, number-comma, category, date, date-ymd, date-dmy, date-mdy or leave-out; may be repeated
    #[arg(long, value_name = "COLUMN=KIND", value_parser = reading)]
    pub(crate) read: Vec<(String, ColumnReading)>,
    /// Rows to make [default: as many as were learned from]
    #[arg(long, value_name = "N", help_heading = "Made rows")]
    pub(crate) rows: Option<usize>,
    /// Wanted share of each group: equal, found, or shares such as women=0.5,men=0.5
    #[arg(long, default_value = "equal", value_name = "SHARES", help_heading = "Made rows")]
    pub(crate) groups: String,
    /// Wanted share of each label in every group
    #[arg(long, default_value = "equal", value_name = "SHARES", help_heading = "Made rows")]
    pub(crate) labels: String,
    /// Keep made rows that equal a row that was learned from
    #[arg(long, help_heading = "Made rows")]
    pub(crate) keep_copies: bool,
    /// Share of the rows that the method does not see: they show whether made rows are too near to those it saw; 0 for none
    #[arg(long, default_value_t = 0.2, value_name = "SHARE", value_parser = number, help_heading = "Made rows")]
    pub(crate) hold_out: f64,
    /// Rows whose distances are compared, at most
    #[arg(long, default_value_t = 10_000, value_name = "N", help_heading = "Made rows")]
    pub(crate) compared: usize,
    /// Labels at or above it are high, a number of the labels' own scale [default: 0.5, or the middle of --label-range]
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub(crate) threshold: Option<f64>,
    /// Seed
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    /// Heading of the report [default: the file's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

fn reading(text: &str) -> Result<(String, ColumnReading), String> {
    let (column, word) = text.rsplit_once('=').ok_or("write it as COLUMN=KIND, for example born=date-dmy")?;
    let kind = ColumnReading::from_word(word.trim()).ok_or_else(|| format!("`{word}` is none of {}", ColumnReading::WORDS.join(", ")))?;
    Ok((column.trim().to_owned(), kind))
}

#[derive(Debug, Args)]
pub(crate) struct Rank {
    /// Tables (CSV and its kin, Parquet, Feather, JSON lines, xlsx; also packed), or globs, or - for standard input
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// Column with the score; higher is better, unless --lower-is-better says otherwise
    #[arg(long, value_name = "COLUMN")]
    pub(crate) score: String,
    /// The lowest score is the best
    #[arg(long)]
    pub(crate) lower_is_better: bool,
    /// Sensitive attribute: a column, an intersection ("gender x race"), a cut ("age > 25") or one group against the rest ("race = White")
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: String,
    /// Column with the job: a list for each [default: all rows are one list]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) job: Option<String>,
    /// Places of a shortlist
    #[arg(long, default_value_t = 25, value_name = "K")]
    pub(crate) top: usize,
    /// The re-ranker; `evenhand catalog` lists them
    #[arg(long, default_value = "det-const-sort", value_name = "ID")]
    pub(crate) method: String,
    /// A parameter of the re-ranker; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) set: Vec<(String, Value)>,
    /// Wanted share of each group: equal, pool (its share of the applicants), or shares such as women=0.5,men=0.5
    #[arg(long, default_value = "equal", value_name = "TARGET", value_parser = Wanted::parse)]
    pub(crate) target: Wanted,
    /// Methods as their papers write them: also where they throw off the list all of a small group, of whom the best by score are on it
    #[arg(long)]
    pub(crate) as_published: bool,
    /// Column that holds the target of each job, written as --target; an empty field takes --target
    #[arg(long, value_name = "COLUMN", requires = "job")]
    pub(crate) target_column: Option<String>,
    /// Column with the truth (0/1, true/false, or a number in [0, 1]), to measure how high those who fit stand
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// A favourable value of the label, when it holds words; may be repeated
    #[arg(long, value_name = "VALUE", requires = "label")]
    pub(crate) favourable: Vec<String>,
    /// A value of the label on which nothing is decided yet, beside words such as pending or withdrawn; may be repeated
    #[arg(long, value_name = "VALUE", requires = "label")]
    pub(crate) undecided: Vec<String>,
    /// Lowest and highest possible label, when that is not 0 to 1; labels are rescaled to [0, 1]
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true, requires = "label")]
    pub(crate) label_range: Option<(f64, f64)>,
    /// Candidates without a score stand last, unranked; else they are an error
    #[arg(long)]
    pub(crate) skip_unscored: bool,
    /// How a column is read: number, number-point, number-comma, category, date, date-ymd, date-dmy or date-mdy; may be repeated
    #[arg(long, value_name = "COLUMN=KIND", value_parser = reading)]
    pub(crate) read: Vec<(String, ColumnReading)>,
    /// CSV file to write: every row with its rank by score, its rank, whether it is shortlisted, and why
    #[arg(long, default_value = "ranked.csv", value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Folder for report.json, report.html, summary.html and measures.csv; nothing is written without it
    #[arg(long, value_name = "FOLDER")]
    pub(crate) report: Option<PathBuf>,
    /// Seed of methods that draw, and of intervals
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    /// Coverage of the intervals; 0 turns them off
    #[arg(long, default_value_t = 0.95, value_name = "LEVEL", value_parser = coverage)]
    pub(crate) level: f64,
    /// Replicates behind the intervals
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub(crate) replicates: usize,
    /// Heading of the report [default: the file's name]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// A parameter as a recipe would have it.
fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let value = value.trim();
    let read = match value {
        "true" | "false" => Value::Flag(value == "true"),
        _ => match (value.parse::<i64>(), value.parse::<f64>()) {
            (Ok(whole), _) => Value::Integer(whole),
            (_, Ok(number)) => Value::Number(number),
            _ => Value::Text(value.to_owned()),
        },
    };
    Ok((name.trim().to_owned(), read))
}

fn coverage(text: &str) -> Result<f64, String> {
    let level = number(text)?;
    let meant = meant_as_percent(level)
        .filter(|level| (0.5..1.0).contains(level))
        .map(|level| format!("; for {text} % write {level}"))
        .unwrap_or_default();
    if (0.0..1.0).contains(&level) { Ok(level) } else { Err(format!("`{text}` is not at least 0 and below 1{meant}")) }
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let (low, high) = text.split_once(',').ok_or("write it as LOW,HIGH, for example 0,100")?;
    let (low, high) = (number(low.trim())?, number(high.trim())?);
    if low < high { Ok((low, high)) } else { Err(format!("{low} is not below {high}")) }
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.rsplit_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| "write it as attribute=group".to_owned())
}

fn limit(text: &str) -> Result<(String, f64), String> {
    const WRITTEN: &str = "write it as metric=value, for example spdd=0.05, or as metric@attribute=value";
    let (metric, value) = pair(text).map_err(|_| WRITTEN)?;
    if metric.is_empty() || value.is_empty() || metric.starts_with('@') || metric.ends_with('@') {
        return Err(WRITTEN.to_owned());
    }
    if let Some(percent) = value.strip_suffix('%').and_then(|percent| number(percent.trim()).ok()) {
        return Err(format!("a limit is a number without a percent sign; for {value} write {}", (percent * 1e8).round() / 1e10));
    }
    Ok((metric, number(&value)?))
}

#[derive(Debug, Args)]
pub(crate) struct Skew {
    /// Tables (CSV and its kin, Parquet, Feather, JSON lines, xlsx; also packed), or globs, or - for standard input
    #[arg(required = true)]
    pub(crate) files: Vec<String>,
    /// Column with the label or score in [0, 1]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: String,
    /// A favourable value of the label, when it holds words; may be repeated
    #[arg(long, value_name = "VALUE")]
    pub(crate) favourable: Vec<String>,
    /// A value of the label on which nothing is decided yet, beside words such as pending or withdrawn; may be repeated
    #[arg(long, value_name = "VALUE")]
    pub(crate) undecided: Vec<String>,
    /// Lowest and highest possible label, when that is not 0 to 1; labels are rescaled to [0, 1]
    #[arg(long, value_name = "LOW,HIGH", value_parser = range, allow_hyphen_values = true)]
    pub(crate) label_range: Option<(f64, f64)>,
    /// Sensitive attribute: a column, an intersection ("gender x race"), a cut ("age > 25") or one group against the rest ("race = White")
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: String,
    /// The group that high labels tilt towards [default: the one with the larger share of them]
    #[arg(long, value_name = "GROUP", requires = "unprivileged")]
    pub(crate) privileged: Option<String>,
    /// The group that high labels tilt away from
    #[arg(long, value_name = "GROUP", requires = "privileged")]
    pub(crate) unprivileged: Option<String>,
    /// Labels at or above it are high, a number of the labels' own scale [default: 0.5, or the middle of --label-range]
    #[arg(long, value_name = "T", value_parser = number, allow_negative_numbers = true)]
    pub(crate) threshold: Option<f64>,
    /// Write a subset with this unfairness degree (1 is even)
    #[arg(long, value_name = "ALPHA", value_parser = number, requires = "out", conflicts_with = "keep")]
    pub(crate) alpha: Option<f64>,
    /// Write a subset that keeps this many rows in each of the two cut cells
    #[arg(long, value_name = "ROWS", requires = "out")]
    pub(crate) keep: Option<usize>,
    /// CSV file for the subset
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Seed of the random choice
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) writing: Writing,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// Id of the corpus; without it the corpora are listed
    pub(crate) corpus: Option<String>,
    /// Take the files from this folder (or zip file) instead of the network
    #[arg(long, value_name = "FOLDER", requires = "corpus")]
    pub(crate) from: Option<PathBuf>,
    /// Put them under this folder [default: EVENHAND_DATA, else the user's cache folder]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
}

/// What finds faces.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FaceDetector {
    /// MTCNN; needs --weights
    Mtcnn,
    /// The centre of every picture
    Centre,
    /// Boxes of another program; needs --boxes
    Boxes,
}

/// How frames are chosen.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FrameDraw {
    Random,
    Centre,
}

/// What is extracted.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ExtractedModality {
    Video,
    Audio,
    Text,
}

/// How sound becomes one row a segment.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SoundPooling {
    Window30,
    Pool30,
    Meanstd30,
}

/// How a text model's states become one vector.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum WordPooling {
    ClsPooler,
    Cls,
    Mean,
    UnitMean,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that somebody types")]
pub(crate) struct Extract {
    /// CSV file with a row a candidate: `id`, `file` (or `frames` and `wav`), `transcript` or `transcript_file`, and any other columns
    #[arg(required_unless_present_any = ["report", "show_settings"], requires = "out")]
    pub(crate) manifest: Option<PathBuf>,
    /// Folder for tensors and table; the same command goes on where an earlier one stopped
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Settings (TOML); the flags below come before it
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Candidates at a time [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Report by group of these columns, intersections ("gender x race") or cuts ("age > 25")
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(crate) sensitive: Vec<String>,
    /// Report on a folder that was extracted; extracts nothing
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["manifest", "out", "settings"])]
    pub(crate) report: Option<PathBuf>,
    /// Print every setting as TOML, with what the flags change; extracts nothing
    #[arg(long, conflicts_with = "report")]
    pub(crate) show_settings: bool,
    /// Try again what failed in an earlier run
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Drop candidates of the folder that the manifest does not name
    #[arg(long)]
    pub(crate) replace: bool,
    /// Drop finished candidates whose recordings or transcripts are away; else they are kept as they are (exit code 1), and other settings refused
    #[arg(long)]
    pub(crate) drop_away: bool,
    /// Exit code 1 when a larger share of the candidates has no record, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) max_failures: Option<f64>,
    /// Only these modalities
    #[arg(long, value_enum, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) modalities: Vec<ExtractedModality>,
    /// Pieces of equal length that a recording is cut into
    #[arg(long, value_name = "N")]
    pub(crate) segments: Option<usize>,
    /// How the frame of a segment is chosen
    #[arg(long, value_enum)]
    pub(crate) draw: Option<FrameDraw>,
    /// Seed of the draw
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Width and height of a face in pixels
    #[arg(long, value_name = "PIXELS")]
    pub(crate) side: Option<usize>,
    /// What finds faces
    #[arg(long, value_enum)]
    pub(crate) detector: Option<FaceDetector>,
    /// MTCNN's weights, from `evenhand weights convert`
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// CSV file of boxes: candidate, seconds, left, top, right, bottom in pixels
    #[arg(long, value_name = "FILE")]
    pub(crate) boxes: Option<PathBuf>,
    /// Refuse candidates with a face in a smaller share of the frames, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) face_floor: Option<f64>,
    /// How sound becomes one row a segment
    #[arg(long, value_enum)]
    pub(crate) audio_pooling: Option<SoundPooling>,
    /// Folder of a BERT model in Hugging Face's layout [default: hashed words, no model]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) text_model: Option<PathBuf>,
    /// How the model's states become one vector
    #[arg(long, value_enum)]
    pub(crate) text_pooling: Option<WordPooling>,
    /// Command of a speech recogniser for candidates without a transcript, with {wav}, and {out} and {language} where it takes them
    #[arg(long, value_name = "COMMAND")]
    pub(crate) recogniser: Option<String>,
}

fn share(text: &str) -> Result<f64, String> {
    number(text).and_then(|share| if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(format!("{share} is not within 0 to 1")) })
}

#[derive(Debug, Args)]
pub(crate) struct Manifest {
    /// The corpus
    #[arg(value_enum)]
    pub(crate) corpus: RecordedCorpus,
    /// Folder with its annotations and videos
    pub(crate) folder: PathBuf,
    /// CSV file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Corpora whose videos the user brings.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RecordedCorpus {
    /// ChaLearn First Impressions V2
    FirstImpressions,
}

#[derive(Debug, Args)]
pub(crate) struct Weights {
    #[command(subcommand)]
    pub(crate) command: WeightsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WeightsCommand {
    /// MTCNN's weights: facenet-pytorch's pnet.pt, rnet.pt and onet.pt to one safetensors file; nothing in them is executed
    Convert(Convert),
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The three files, or the folder that holds them
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Take weights whose sha256 is not the released one's
    #[arg(long)]
    pub(crate) accept_unknown: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Catalog {
    /// Id of a metric, method or corpus
    pub(crate) id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
