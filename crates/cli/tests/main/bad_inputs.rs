//! What a user sees who gives bad input: what, where, the remedy; exit code 2; no panic; nothing half-written.

use std::fmt::Write as _;

use crate::command::{Place, stderr};

const GOOD: &[u8] = b"score,gender,age,label,weight\n0.2,f,30,0,1\n0.9,m,40,1,1\n0.4,f,50,1,2\n0.7,m,20,0,1\n";

const RECIPE: &str = r#"
name = "test"
[data]
loader = { id = "synthetic", rows = 200 }
attributes = ["gender"]
[training]
epochs = 1
[[method]]
objective = "vanilla"
"#;

/// A case: what is wrong, the files beside `good.csv` and `good.toml`, the command.
type Case = (&'static str, Vec<(&'static str, Vec<u8>)>, &'static str);

fn text(content: &str) -> Vec<u8> {
    content.as_bytes().to_vec()
}

fn recipe(from: &str, to: &str) -> Vec<u8> {
    assert!(RECIPE.contains(from), "the recipe of the test does not hold `{from}`");
    RECIPE.replace(from, to).into_bytes()
}

fn cases() -> Vec<Case> {
    let audit = "audit bad.csv --score score --group gender --out out";
    vec![
        ("ranking without a score column", vec![], "rank good.csv --score points --group gender --out ranked.csv"),
        ("ranking by a column of words", vec![], "rank good.csv --score gender --group gender --out ranked.csv"),
        (
            "ranking with a missing score",
            vec![("bad.csv", text("score,gender\n0.1,f\n,m\n"))],
            "rank bad.csv --score score --group gender --out ranked.csv",
        ),
        ("ranking with shares that miss a group", vec![], "rank good.csv --score score --group gender --target f=1 --out ranked.csv"),
        ("ranking with shares above 1", vec![], "rank good.csv --score score --group gender --target f=0.9,m=0.5 --out ranked.csv"),
        ("ranking for no places", vec![], "rank good.csv --score score --group gender --top 0 --out ranked.csv"),
        ("ranking by an unknown method", vec![], "rank good.csv --score score --group gender --method det-gredy --out ranked.csv"),
        ("ranking over its input", vec![], "rank good.csv --score score --group gender --out good.csv"),
        (
            "a ranked file ranked again",
            vec![("bad.csv", text("score,gender,rank\n0.1,f,1\n0.2,m,2\n"))],
            "rank bad.csv --score score --group gender --out ranked.csv",
        ),
        (
            "two targets of one job",
            vec![("bad.csv", text("score,gender,job,t\n0.1,f,a,equal\n0.2,m,a,pool\n"))],
            "rank bad.csv --score score --group gender --job job --target-column t --out ranked.csv",
        ),
        (
            "a ranking in the place of a file of its report",
            vec![],
            "rank good.csv --score score --group gender --out out/measures.csv --report ./out",
        ),
        (
            "the same by another way to the folder",
            vec![],
            "rank good.csv --score score --group gender --out a/../out/measures.csv --report out",
        ),
        (
            "rows that a copy of their file would count twice",
            vec![("copy.csv", GOOD.to_vec())],
            "audit good.csv copy.csv --score score --group gender",
        ),
        (
            "a report in the place of a table of another kind",
            vec![("measures.csv", text("mine\n1\n"))],
            "rank good.csv --score score --group gender --out ranked.csv --report .",
        ),
        (
            "ranking one group",
            vec![("bad.csv", text("score,gender\n0.1,f\n0.2,f\n"))],
            "rank bad.csv --score score --group gender --out ranked.csv",
        ),
        (
            "ranking by persons",
            vec![("bad.csv", (0..12).fold(b"score,id\n".to_vec(), |rows, id| [rows, format!("0.{id},p{id}\n").into_bytes()].concat()))],
            "rank bad.csv --score score --group id --out ranked.csv",
        ),
        (
            "rows made for persons",
            vec![("bad.csv", (0..12).fold(b"y,id\n".to_vec(), |rows, id| [rows, format!("{},p{id}\n", id % 2).into_bytes()].concat()))],
            "balance bad.csv --group id --label y --out made.csv",
        ),
        ("ranking a file twice", vec![], "rank good.csv ./good.csv --score score --group gender --out ranked.csv"),
        (
            "a comma in the name of a group",
            vec![("bad.csv", text("score,gender\n0.1,f\n0.2,\"m, d\"\n"))],
            "rank bad.csv --score score --group gender --target 'f=0.5,m, d=0.5' --out ranked.csv",
        ),
        (
            "wanted shares of a recipe that add up to more than 1",
            vec![("bad.toml", [RECIPE.as_bytes(), b"[shortlist]\ntarget = { female = 0.5, male = 0.7 }\n"].concat())],
            "compare bad.toml --out out",
        ),
        ("balancing by an unknown method", vec![], "balance good.csv --group gender --label label --method ctgam --out made.csv"),
        ("balancing a column that is not there", vec![], "balance good.csv --group sex --label label --out made.csv"),
        ("making rows for a cut", vec![], "balance good.csv --group 'age > 25' --label label --out made.csv"),
        (
            "making rows for a continuous label",
            vec![(
                "bad.csv",
                text(
                    &("score,gender,age\n".to_owned()
                        + &(0..60).fold(String::new(), |text, row| text + &format!("0.{row:03},{},{}\n", ["f", "m"][row % 2], row))),
                ),
            )],
            "balance bad.csv --group gender --label score --out made.csv",
        ),
        (
            "wanted rows of a method that makes none",
            vec![],
            "balance good.csv --group gender --label label --method oversampling --rows 10 --out made.csv",
        ),
        (
            "wanted shares for a method that reads them elsewhere",
            vec![],
            "balance good.csv --group gender --label label --method rejection-sampling --groups f=0.8,m=0.2 --out made.csv",
        ),
        ("a job for a method that looks at none", vec![], "balance good.csv --group gender --label label --job age --out made.csv"),
        ("shares of a group that is not there", vec![], "balance good.csv --group gender --label label --groups w=0.5 --out made.csv"),
        ("a table under the name of another kind", vec![], "balance good.csv --group gender --label label --out made.parquet"),
        (
            "shortlists for groups that are not there",
            vec![("bad.toml", recipe("[training]", "[shortlist]\ntarget = { women = 0.5, men = 0.5 }\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "shortlists for a job that is not there",
            vec![("bad.toml", recipe("[training]", "[shortlist.jobs]\nnowhere = \"pool\"\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "balancing one group",
            vec![("bad.csv", text("x,gender,y\n1,f,0\n2,f,1\n3,f,0\n"))],
            "balance bad.csv --group gender --label y --method oversampling --out made.csv",
        ),
        ("making no rows", vec![], "balance good.csv --group gender --label label --rows 0 --out made.csv"),
        ("no such file", vec![], "audit nowhere.csv --score score --group gender --out out"),
        ("glob without a match", vec![], "audit 'part-*.csv' --score score --group gender --out out"),
        ("a folder instead of a file", vec![("bad.csv/x", text(""))], audit),
        ("empty file", vec![("bad.csv", text(""))], audit),
        ("header only", vec![("bad.csv", text("score,gender\n"))], audit),
        ("missing column", vec![], "audit good.csv --score scores --group gender --out out"),
        ("missing group column", vec![], "audit good.csv --score score --group gendr --out out"),
        ("word as score", vec![("bad.csv", text("score,gender\n0.1,f\nhigh,m\n"))], audit),
        ("NaN score", vec![("bad.csv", text("score,gender\n0.1,f\nNaN,m\n"))], audit),
        ("empty score", vec![("bad.csv", text("score,gender\n0.1,f\n,m\n"))], audit),
        ("score out of range", vec![("bad.csv", text("score,gender\n0.1,f\n7,m\n"))], audit),
        (
            "label out of range",
            vec![("bad.csv", text("score,gender,label\n0.1,f,0\n0.3,m,1.5\n"))],
            "audit bad.csv --score score --group gender --label label",
        ),
        (
            "negative weight",
            vec![("bad.csv", text("score,gender,w\n0.1,f,1\n0.3,m,-1\n"))],
            "audit bad.csv --score score --group gender --weight w",
        ),
        (
            "weights all zero",
            vec![("bad.csv", text("score,gender,w\n0.1,f,0\n0.3,m,0\n"))],
            "audit bad.csv --score score --group gender --weight w",
        ),
        ("ragged row", vec![("bad.csv", text("score,gender\n0.1,f\n0.3\n"))], audit),
        ("duplicate header", vec![("bad.csv", text("score,gender,gender\n0.1,f,f\n"))], audit),
        ("not UTF-8", vec![("bad.csv", b"score,gender\n0.1,\xff\xfe\n".to_vec())], audit),
        ("open quote", vec![("bad.csv", text("score,gender\n0.1,\"f\n0.2,m\n"))], audit),
        ("not a Parquet file", vec![("bad.parquet", text("score,gender\n"))], "audit bad.parquet --score score --group gender"),
        ("truncated Parquet file", vec![("bad.parquet", b"PAR1\x15\x04PAR1".to_vec())], "audit bad.parquet --score score --group gender"),
        ("cut of a text column", vec![], "audit good.csv --score score --group 'gender > 3'"),
        ("unknown metric in a limit", vec![], "audit good.csv --score score --group gender --limit spd=0.1"),
        ("limit that is no number", vec![], "audit good.csv --score score --group gender --limit spdd=low"),
        ("a limit twice", vec![], "audit good.csv --score score --group gender --limit spdd=0.1 --limit spdd=0.5"),
        ("a limit of a choice twice", vec![], "sweep good.toml --over training.epochs=1,2 --limit spdd=0.1 --limit spdd=0.5 --out out"),
        ("a report over its own table", vec![("measures.csv", GOOD.to_vec())], "audit measures.csv --score score --group gender --out ."),
        (
            "a comparison over its own table",
            vec![
                ("measures.csv", GOOD.to_vec()),
                (
                    "bad.toml",
                    text(
                        "name = \"x\"\n[data]\nloader = \"table\"\nfiles = [\"*.csv\"]\nlabel = { column = \"label\" }\n\
                         sensitive = [{ column = \"gender\" }]\n[[method]]\nobjective = \"vanilla\"\n",
                    ),
                ),
            ],
            "compare bad.toml --out .",
        ),
        (
            "a landscape without a middle",
            vec![("bad.toml", recipe("[training]", "[analyses]\nlandscape = 20\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "a front of what is better low",
            vec![("bad.toml", recipe("[training]", "[analyses]\nfront = [\"mae\", \"spdd\"]\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "a front of what has no parity",
            vec![("bad.toml", recipe("[training]", "[analyses]\nfront = [\"accuracy\", \"selection-rate\"]\n[training]"))],
            "compare bad.toml --out out",
        ),
        ("level of an interval outside its range", vec![], "audit good.csv --score score --group gender --level 1.5"),
        ("missing column when streaming", vec![], "audit good.csv --stream --score scores --group gender"),
        (
            "bad value late in a stream",
            vec![("bad.csv", text("score,gender\n0.1,f\n0.2,m\nx,m\n"))],
            "audit bad.csv --stream --score score --group gender --out out",
        ),
        ("unknown privileged group", vec![], "audit good.csv --score score --group gender --privileged gender=x --convention aif360"),
        ("no such recipe", vec![], "compare nowhere.toml"),
        ("broken TOML", vec![("bad.toml", text("name = \"x\n"))], "compare bad.toml --out out"),
        ("unknown key", vec![("bad.toml", recipe("epochs", "epoch"))], "compare bad.toml --out out"),
        ("unknown section", vec![("bad.toml", recipe("[training]", "[trainning]"))], "compare bad.toml --out out"),
        ("unknown objective", vec![("bad.toml", recipe("vanilla", "vanila"))], "compare bad.toml --out out"),
        ("unknown loader", vec![("bad.toml", recipe("synthetic", "synthetics"))], "compare bad.toml --out out"),
        (
            "unknown parameter",
            vec![("bad.toml", recipe("\"vanilla\"", "{ id = \"wasserstein\", lamda_w = 1.0 }"))],
            "compare bad.toml --out out",
        ),
        (
            "parameter out of range",
            vec![("bad.toml", recipe("\"vanilla\"", "{ id = \"wasserstein\", lambda_w = -1.0 }"))],
            "compare bad.toml --out out",
        ),
        ("unknown attribute", vec![("bad.toml", recipe("[\"gender\"]", "[\"gendre\"]"))], "compare bad.toml --out out"),
        ("no method", vec![("bad.toml", recipe("[[method]]\nobjective = \"vanilla\"", ""))], "compare bad.toml --out out"),
        (
            "shares that do not sum to 1",
            vec![("bad.toml", recipe("[training]", "[split]\nkind = \"hold-out\"\nshares = [0.5, 0.2, 0.2]\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "skew that cannot be reached",
            vec![("bad.toml", recipe("[training]", "[skew]\nprivileged = \"f\"\nunprivileged = \"nobody\"\nalpha = 3.0\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "corpus that is not there",
            vec![("bad.toml", recipe("{ id = \"synthetic\", rows = 200 }", "\"adult\"").into_iter().collect())],
            "compare bad.toml --out out",
        ),
        (
            "unknown family of methods",
            vec![("bad.toml", recipe("[data]", "methods = \"objective\"\n[data]"))],
            "compare bad.toml --out out",
        ),
        (
            "a choice by a number of which none is better",
            vec![],
            "sweep good.toml --over training.epochs=1,2 --limit spdd=0.1 --by selection-rate --out out",
        ),
        ("a choice by a metric without a limit", vec![], "sweep good.toml --over training.epochs=1,2 --by accuracy --out out"),
        ("unknown method", vec![], "run good.toml --method vanila --out out"),
        ("unknown setting", vec![], "sweep good.toml --over objective.lambda=1 --out out"),
        ("values that are no numbers", vec![], "sweep good.toml --over objective.lambda_w=a,b --out out"),
        ("no model", vec![], "score nowhere good.csv --out scores.csv"),
        (
            "a model folder with something else in it",
            vec![("model/scorer.json", text("{\"format\": 7"))],
            "score model good.csv --out scores.csv",
        ),
        ("skew of one group", vec![("bad.csv", text("label,gender\n0.1,f\n0.9,f\n"))], "skew bad.csv --label label --group gender"),
        ("unreachable alpha", vec![], "skew good.csv --label label --group gender --alpha 50 --out tilted.csv"),
        ("alpha below 1", vec![], "skew good.csv --label label --group gender --alpha 0.5 --out tilted.csv"),
        ("output that is the input", vec![], "skew good.csv --label label --group gender --keep 0 --out good.csv"),
        ("output without a wish", vec![], "skew good.csv --label label --group gender --out tilted.csv"),
        ("the same file twice", vec![], "audit good.csv good.csv --score score --group gender"),
        ("threshold outside the scores", vec![], "audit good.csv --score score --group gender --threshold 50"),
        ("a seed twice", vec![("bad.toml", recipe("[data]", "seeds = [1, 1]\n[data]"))], "compare bad.toml --out out"),
        (
            "limit by an attribute that is not there",
            vec![("bad.toml", recipe("[training]", "[limits]\n\"spdd@gendre\" = 0.1\n[training]"))],
            "compare bad.toml --out out",
        ),
        ("unknown corpus", vec![], "fetch adlut"),
        ("corpus from a folder without it", vec![], "fetch adult --from . --to corpora"),
        (
            "corpus with a wrong file",
            vec![("wrong/adult.data", text("x")), ("wrong/adult.test", text("x")), ("wrong/adult.names", text("x"))],
            "fetch adult --from wrong --to corpora",
        ),
        ("unknown id", vec![], "catalog spd"),
        ("no manifest", vec![], "extract nowhere.csv --out out"),
        ("folder as a manifest", vec![("there/a.txt", text("a"))], "extract there --out out"),
        ("recording as a manifest", vec![("bad.mp4", text("\0\0\0 ftypisom"))], "extract bad.mp4 --out out"),
        ("empty manifest", vec![("bad.csv", text(""))], "extract bad.csv --out out"),
        ("manifest without ids", vec![("bad.csv", text("file\na.mp4\n"))], "extract bad.csv --out out"),
        ("manifest that names a candidate twice", vec![("bad.csv", text("id,file\na,a.mp4\na,b.mp4\n"))], "extract bad.csv --out out"),
        ("manifest without recordings or words", vec![("bad.csv", text("id,score\na,0.5\n"))], "extract bad.csv --out out"),
        (
            "unknown column by group",
            vec![("bad.csv", text("id,transcript,gender\na,hello there,f\n"))],
            "extract bad.csv --out out --sensitive gendre",
        ),
        (
            "unknown extraction setting",
            vec![("bad.csv", text("id,transcript\na,hello there\n")), ("bad.toml", text("segmnts = 30\n"))],
            "extract bad.csv --out out --settings bad.toml",
        ),
        (
            "manifest without a column of recordings",
            vec![("bad.csv", text("id,files,transcript\na,a.mp4,hello there\n"))],
            "extract bad.csv --out out",
        ),
        (
            "weights that are not there",
            vec![("bad.csv", text("id,frames,transcript\na,faces,hello there\n"))],
            "extract bad.csv --out out --weights nowhere.safetensors",
        ),
        (
            "text model that is not there",
            vec![("bad.csv", text("id,transcript\na,hello there\n"))],
            "extract bad.csv --out out --modalities text --text-model nowhere",
        ),
        (
            "weights of another kind",
            vec![("pnet.pt", text("x")), ("rnet.pt", text("x")), ("onet.pt", text("x"))],
            "weights convert . --out w",
        ),
        ("report on a folder that was not extracted", vec![], "extract --report ."),
        (
            "interviews that were not extracted",
            vec![("bad.toml", recipe("{ id = \"synthetic\", rows = 200 }", "\"interviews\"\nfolder = \".\""))],
            "compare bad.toml --out out",
        ),
        (
            "an interview network for a table",
            vec![("bad.toml", recipe("[training]", "[model.interview]\nlayers = 1\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "channels that no kernel has",
            vec![("bad.toml", recipe("[training]", "[model.interview]\nchannels = [12]\n[training]"))],
            "compare bad.toml --out out",
        ),
        (
            "a target that is not there",
            vec![("bad.toml", recipe("\"synthetic\", rows = 200 }", "\"synthetic-interviews\", rows = 60 }\ntargets = [\"opennes\"]"))],
            "compare bad.toml --out out",
        ),
        (
            "a regularised target that is not learned",
            vec![("bad.toml", recipe("epochs = 1", "epochs = 1\nregularised = [\"opennes\"]"))],
            "compare bad.toml --out out",
        ),
        (
            "parts that the corpus does not name",
            vec![("bad.toml", recipe("[training]", "[split]\nkind = \"given\"\n[training]"))],
            "compare bad.toml --out out",
        ),
    ]
}

#[test]
fn every_bad_input_is_told_with_its_place_and_remedy() {
    let mut told = String::new();
    for (what, files, words) in cases() {
        let mut all: Vec<(&str, &[u8])> = vec![("good.csv", GOOD), ("good.toml", RECIPE.as_bytes())];
        all.extend(files.iter().map(|(name, content)| (*name, content.as_slice())));
        let place = Place::new(&all);
        let before = place.files();
        let output = place.run(words);
        let message = stderr(&output).replace(&place.path().display().to_string(), "FOLDER");
        assert_eq!(output.status.code(), Some(2), "{what}: `evenhand {words}` said\n{message}");
        assert!(!message.contains("panicked"), "{what}: {message}");
        assert!(!message.trim().is_empty(), "{what}: nothing was said");
        assert_eq!(place.files(), before, "{what}: files were left behind or lost");
        let _ = writeln!(told, "## {what}\n$ evenhand {words}\nexit code {}\n{}\n", output.status.code().unwrap(), message.trim_end());
    }
    assert!(cases().len() >= 25);
    insta::assert_snapshot!(told);
}
