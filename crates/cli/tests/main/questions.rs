//! What is asked of an audit beyond groups: strata, limits and what they are judged by, columns of a rule; and a finished report in another form. Bad questions are
//! refused with the remedy, exit code 2 and nothing half-written; what strata show stands in the terminal.

use std::fmt::Write as _;

use crate::command::{Place, stderr, stdout};

const DETAILS: &str = "tool = \"T\"\ndata_source = \"S\"\ndata_period = \"P\"\n";

/// Sixty applications for two jobs at twenty sites.
fn rows() -> String {
    let mut rows = "score,gender,Job,site,rating,yes,age,w,empty,Candidate race\n".to_owned();
    for row in 0..60 {
        let (gender, job, race) = (["f", "m"][row % 2], ["clerk", "driver"][row / 2 % 2], ["a", "b"][row / 4 % 2]);
        let _ = writeln!(rows, "0.{},{gender},{job},s{},{},{},{},1,,{race}", row % 10, row % 20, 1 + row % 5, row % 2, 20 + row);
    }
    rows
}

/// Applications of 2,400 people, each with a number of their own.
fn people() -> String {
    (0..2400).fold("score,gender,id\n".to_owned(), |rows, row| rows + &format!("0.{},{},{row}\n", row % 10, ["f", "m"][row % 2]))
}

/// A case: what is wrong, and the words of the command; `audit` is the usual beginning of one.
fn questions() -> Vec<(&'static str, String)> {
    let audit = |words: &str| format!("audit rows.csv --score score --group gender {words} --out out");
    let law = |words: &str| format!("audit rows.csv --law ugesp --details audit.toml {words} --out out");
    vec![
        ("strata of a column that is not there", audit("--by jbo")),
        ("strata of a column in other letters", audit("--by JOB")),
        ("strata of a name that is near none", audit("--by department")),
        ("strata of thousands of numbers", "audit people.csv --score score --group gender --by id --out out".to_owned()),
        ("strata of numbers that are nearly one each", audit("--by age")),
        ("strata of a column without values", audit("--by empty")),
        ("strata of the score", audit("--by score")),
        ("strata of a cut of the score", audit("--by 'score > 0.5'")),
        ("strata of the label", audit("--label yes --by yes")),
        ("strata of the weight", audit("--weight w --by w")),
        ("strata of the same column twice", audit("--by Job --by Job")),
        ("strata of a group", audit("--by gender")),
        ("more strata than the ceiling allows", audit("--by site --ceiling groups=10")),
        ("strata of a cut of words", audit("--by 'Job > 3'")),
        ("strata of a blank name", audit("--by ' '")),
        ("strata of nothing", audit("--by ''")),
        ("strata in parts", audit("--by Job --stream")),
        ("an unknown judge", audit("--limit spdd=0.1 --judge intervals")),
        ("a judge without a limit", audit("--judge interval")),
        ("a judge of intervals that are turned off", audit("--limit spdd=0.1 --judge interval --level 0")),
        ("a judge of intervals without replicates", audit("--limit spdd=0.1 --judge interval --replicates 0")),
        ("a level of 1", audit("--level 1")),
        ("a level above 1", audit("--level 1.5")),
        ("a level in percent", audit("--level 95")),
        ("a level that is no number", audit("--level nan")),
        ("a level below 0", audit("--level=-0.5")),
        ("a ratio in percent", audit("--limit impact-ratio=80")),
        ("a ratio with a percent sign", audit("--limit impact-ratio=80%")),
        ("a ratio of 0", audit("--limit impact-ratio=0")),
        ("a difference below 0", audit("--limit demographic-parity-difference=-0.1")),
        ("a difference in percent", audit("--limit demographic-parity-difference=5")),
        ("a gap in points of the score", audit("--range 0,100 --limit spdd=5")),
        ("a standardised gap below 0", audit("--limit standardised-spdd=-1")),
        ("a limit that is no number", audit("--limit spdd=nan")),
        ("a limit on nothing", audit("--limit =0.1")),
        ("a limit of nothing", audit("--limit spdd=")),
        ("a limit on an unknown metric", audit("--limit impact_ratios=0.8")),
        ("a limit on an attribute that is not there", audit("--group site --limit spdd@gendre=0.1")),
        ("a limit on strata", audit("--by Job --limit spdd@Job=0.1")),
        ("a limit on the accuracy of a group", audit("--label yes --limit accuracy@gender=0.8")),
        ("a limit on what needs the truth", audit("--limit accuracy=0.8")),
        ("a limit on what needs strata", audit("--limit conditional-spdd=0.1")),
        ("a limit on what needs a model", audit("--limit centroid-distance-high=0.1")),
        ("a ratio in percent for a sweep", "sweep good.toml --over training.epochs=1,2 --limit impact-ratio=80 --out out".to_owned()),
        ("a ratio in percent in a recipe", "compare percent.toml --out out".to_owned()),
        ("ratings as decisions", law("--selected rating --sex gender")),
        ("scores as decisions", law("--selected score --sex gender")),
        ("people's ages as decisions", law("--selected age --sex gender")),
        ("a race under another name", law("--selected yes --race Race")),
        ("a race that no column is near", law("--selected yes --race ethnicity")),
        ("a judge of a rule without intervals", law("--selected yes --sex gender --limit impact-ratio=0.8 --judge interval --level 0")),
        ("a column of a rule without the rule", audit("--sex gender")),
        ("columns of a rule and nothing else", "audit rows.csv --score score --sex gender --race 'Candidate race' --out out".to_owned()),
        ("a report in the place of a file", "audit rows.csv --score score --group gender --out rows.csv".to_owned()),
        ("a report below a file", "audit rows.csv --score score --group gender --out rows.csv/out".to_owned()),
    ]
}

/// The same of `report`.
fn forms() -> Vec<(&'static str, &'static str)> {
    vec![
        ("a folder that is not there", "report nowhere --format html"),
        ("a folder without a report", "report hollow --format html"),
        ("pages without their report", "report pages --format html"),
        ("tables of a rule without their report", "report tables --format csv"),
        ("half a report", "report half --format html"),
        ("an empty report", "report bare --format html"),
        ("a report of a newer format", "report newer --format html"),
        ("a format in words", "report worded --format html"),
        ("a report that was changed by hand", "report changed --format html"),
        ("JSON of another program", "report other.json --format html"),
        ("a list of JSON", "report list.json --format html"),
        ("a model", "report model --format html"),
        ("runs that are not finished", "report unfinished --format html"),
        ("a table of data", "report rows.csv --format html"),
        ("a page of a report", "report kept/report.html --format markdown"),
        ("a form into a folder", "report kept --format html --out hollow"),
        ("a form over its report", "report kept --format html --out kept/report.json"),
        ("a form over its input", "report kept --format csv --out rows.csv"),
        ("a form over a file of another kind", "report kept --format html --out notes.txt"),
        ("a form below a file", "report kept --format html --out notes.txt/page.html"),
        ("pictures into a file", "report kept --format svg --out notes.txt"),
        ("pictures below a file", "report kept --format svg --out notes.txt/pictures"),
        ("pictures to standard output", "report kept --format svg --out -"),
        ("an unknown form", "report kept --format pdf"),
        ("no form", "report kept"),
        ("a model for a page", "report kept --format html --model model"),
        ("a model that is none", "report kept --format annex-iv --model hollow"),
    ]
}

/// Runs a bad command in a place, and gives what it says.
fn refused(place: &Place, what: &str, words: &str) -> String {
    let kept = || place.files().into_iter().map(|name| (std::fs::read(place.path().join(&name)).unwrap(), name)).collect::<Vec<_>>();
    let before = kept();
    let output = place.run(words);
    let message = stderr(&output).replace(&place.path().display().to_string(), "FOLDER");
    assert_eq!(output.status.code(), Some(2), "{what}: `evenhand {words}` said\n{message}");
    assert!(!message.contains("panicked") && !message.trim().is_empty(), "{what}: {message}");
    assert!(kept() == before, "{what}: files were left behind, changed or lost");
    format!("## {what}\n$ evenhand {words}\n{}\n\n", message.trim_end())
}

const RECIPE: &str = "name = \"t\"\n[data]\nloader = { id = \"synthetic\", rows = 200 }\nattributes = [\"gender\"]\n[training]\nepochs = 1\n\
                      [[method]]\nobjective = \"vanilla\"\n";

#[test]
fn questions_that_make_no_sense_are_refused_with_the_remedy() {
    let percent = format!("{RECIPE}[limits]\nimpact-ratio = 80\n");
    let (rows, people) = (rows(), people());
    let place = Place::new(&[
        ("rows.csv", rows.as_bytes()),
        ("people.csv", people.as_bytes()),
        ("audit.toml", DETAILS.as_bytes()),
        ("good.toml", RECIPE.as_bytes()),
        ("percent.toml", percent.as_bytes()),
    ]);
    let told: String = questions().iter().map(|(what, words)| refused(&place, what, words)).collect();
    insta::assert_snapshot!(told);
}

#[test]
fn what_is_no_report_is_told_for_what_it_is() {
    let rows = rows();
    let place = Place::new(&[
        ("rows.csv", rows.as_bytes()),
        ("notes.txt", b"mine\n"),
        ("hollow/of.csv", b"a\n"),
        ("pages/summary.html", b"<!doctype html>"),
        ("tables/tables.csv", b"a\n1\n"),
        ("half/report.json", b"{\"format\": 2, \"kind\": \"audit\", \"title\": \"T"),
        ("bare/report.json", b""),
        ("newer/report.json", b"{\"format\": 99, \"kind\": \"audit\"}"),
        ("worded/report.json", b"{\"format\": \"two\", \"kind\": \"audit\"}"),
        ("changed/report.json", b"{\"format\": 2, \"kind\": \"audits\"}"),
        ("other.json", b"{\"scores\": [1, 2]}"),
        ("list.json", b"[1, 2]"),
        ("model/scorer.json", b"{}"),
        ("unfinished/cells/lock", b""),
    ]);
    let kept = place.run("audit rows.csv --score score --group gender --replicates 20 --permutations 0 --out kept");
    assert_eq!(kept.status.code(), Some(0), "{}", stderr(&kept));
    let told: String = forms().iter().map(|(what, words)| refused(&place, what, words)).collect();
    insta::assert_snapshot!(told);
    // A form of its own kind may be made anew.
    for _ in 0..2 {
        assert_eq!(place.run("report kept --format html --out page.html").status.code(), Some(0));
    }
}

/// Forty women and forty men for each of fourteen jobs: half of the men are selected, and of the women one less in every job. Another job has one applicant.
fn jobs() -> String {
    let mut rows = "score,gender,job\n".to_owned();
    for job in 0..14_usize {
        for person in 0..40_usize {
            let _ = writeln!(rows, "{},f,job {job}\n{},m,job {job}", usize::from(person < 20 - job), usize::from(person < 20));
        }
    }
    rows + "1,f,rare\n"
}

#[test]
fn strata_stand_in_the_terminal_the_lowest_first_and_limits_are_counted_in_them() {
    let rows = jobs();
    let place = Place::new(&[("jobs.csv", rows.as_bytes())]);
    let audit = "audit jobs.csv --score score --group gender --by job --permutations 0";
    let output = place.run(&format!("{audit} --limit impact-ratio=0.5 --level 0 --out out"));
    // Of all rows the ratio is (189 + 1) / 561 over 280 / 560 and keeps the limit, which the exit code says.
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&output);
    let table =
        shown.split("gender by job: the lowest impact ratio of each").nth(1).expect("a table of strata").split("\n\n").next().unwrap();
    let rows: Vec<&str> = table.lines().map(str::trim).filter(|line| line.starts_with("job ")).collect();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(rows[0])[..5], ["job", "n", "group", "n", "impact"]);
    assert_eq!(rows.len(), 13, "{table}");
    assert_eq!(words(rows[1]), ["job", "13", "80", "f", "40", "0.35", "0.325", "breached"]);
    assert_eq!(words(rows[12]), ["job", "2", "80", "f", "40", "0.90", "0.050", "kept"]);
    assert!(table.contains("2 further strata have ratios of 0.95 or more."), "{table}");
    assert!(table.contains("1 stratum is left out: too few rows of two groups to compare"), "{table}");
    // Below 0.5 are 9, 8 and 7 of 20.
    let counted = "Judged in each of the 15 strata by job alone, the limit 0.5 on Impact ratio (gender) would be breached in 3, kept in 11, and cannot be judged in \
                   1, for too few rows or for want of the number.";
    assert!(shown.contains(counted), "{shown}");
    for page in ["summary.html", "report.html"] {
        let page = std::fs::read_to_string(place.path().join("out").join(page)).unwrap();
        assert!(page.contains(counted), "{page}");
    }
    // By intervals some of the jobs settle nothing; all rows together still decide.
    let output = place.run(&format!("{audit} --limit impact-ratio=0.5 --judge interval"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("would be breached by the whole interval in 0, not settled in"), "{}", stdout(&output));
    assert!(stdout(&output).contains("Whether a limit is kept is judged on all rows together."));
    let output = place.run(&format!("{audit} --limit impact-ratio=0.8"));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn blank_values_of_a_column_of_strata_are_in_no_stratum() {
    let rows = "score,gender,job\n1,f,a\n0,m,a\n1,f,\n0,m, \n1,f,b\n0,m,a\n";
    let place = Place::new(&[("rows.csv", rows.as_bytes())]);
    let output = place.run("audit rows.csv --score score --group gender --by job --json --level 0");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let strata = &report["methods"][0]["runs"][0]["attributes"][0]["strata"][0];
    assert_eq!((&strata["unknown"], strata["strata"].as_array().unwrap().len()), (&2.into(), 2));
    assert_eq!((&strata["strata"][0]["name"], &strata["strata"][1]["n"]), (&"a".into(), &1.into()));
}
