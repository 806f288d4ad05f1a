//! Files that were made to bring a reader down: small ones that unfold, nest or multiply.

use std::fmt::Write as _;
use std::io::Write;

use super::{Tree, formats, models};

/// A trap: the files, and who steps into it.
pub(super) struct Trap {
    pub(super) name: &'static str,
    pub(super) files: Tree,
    pub(super) words: &'static str,
}

const AUDIT: &str = "audit t --score score --group gender --level 0";

/// Tuples of the tuple before: a walk over what a pickle holds has `width` to the power of `levels` steps.
fn pickle_of_tuples(levels: u8, width: usize) -> Vec<u8> {
    let mut bytes = b"\x80\x02K\x01q\0".to_vec();
    for level in 0..levels {
        bytes.extend([b"(".as_slice(), &[b'h', level].repeat(width), &[b't', b'q', level + 1]].concat());
    }
    bytes.push(b'.');
    bytes
}

/// A list to which so many items are appended one by one, inside of others.
fn pickle_of_lists(items: usize) -> Vec<u8> {
    [b"\x80\x02]](".as_slice(), &b"K\x01".repeat(items), b"e", &b"]a".repeat(items), b"a."].concat()
}

/// A workbook with one part replaced.
fn workbook(part: &str, bytes: &[u8]) -> Vec<u8> {
    let parts = formats::workbook();
    let members: Vec<(&str, &[u8])> =
        parts.iter().map(|(name, whole)| (*name, if *name == part { bytes } else { whole.as_slice() })).collect();
    formats::zip(&members)
}

/// Bytes of zeros that a packed file unfolds to. They are packed in pieces: what this process holds counts as the memory of its children.
const ZEROS: usize = 600 << 20;

fn write_zeros(mut to: impl Write) {
    let piece = vec![b'0'; 1 << 20];
    (0..ZEROS >> 20).for_each(|_| to.write_all(&piece).unwrap());
}

fn zeros_in_gzip() -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    write_zeros(&mut writer);
    writer.finish().unwrap()
}

/// An archive with a member of zeros; one of a workbook has the other parts, too.
fn zeros_in_zip(member: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in formats::workbook().iter().filter(|(name, _)| member.starts_with("xl/") && *name != member) {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.start_file(member, zip::write::SimpleFileOptions::default()).unwrap();
    write_zeros(&mut writer);
    writer.finish().unwrap().into_inner()
}

/// Entities that stand for ten of the one before.
fn entities() -> Vec<u8> {
    let mut text = "<?xml version=\"1.0\"?><!DOCTYPE sst [<!ENTITY a0 \"women\">".to_owned();
    for level in 1..10 {
        let _ = write!(text, "<!ENTITY a{level} \"{}\">", format!("&a{};", level - 1).repeat(10));
    }
    text += "]><sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>&a9;</t></si><si><t>men</t></si><si><t>x</t></si><si><t>y</t></si></sst>";
    text.into_bytes()
}

/// All of them, or those that take little to make.
pub(super) fn all(large: bool) -> Vec<Trap> {
    let one = |name, bytes: Vec<u8>| Trap { name, files: [("t".to_owned(), bytes)].into(), words: AUDIT };
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let with = |name, file: &str, bytes: Vec<u8>, words| Trap { name, files: [(file.to_owned(), bytes)].into(), words };
    let sheet = |cells: &str| {
        let text = format!(
            "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{cells}</sheetData></worksheet>"
        );
        workbook("xl/worksheets/sheet1.xml", text.as_bytes())
    };
    let wide: Vec<String> = (0..200_000).map(|column| format!("c{column}")).collect();
    let transcript = |name, text: String| {
        let mut files: Tree = [("t.json".to_owned(), text.into_bytes())].into();
        files.insert("m.csv".to_owned(), b"id,transcript_file\na,t.json\n".to_vec());
        Trap { name, files, words: "extract m.csv --out out --modalities text" }
    };
    let recipe = |name, text: String| {
        let files: Tree = [("small.toml".to_owned(), text.into_bytes()), ("rows.csv".to_owned(), formats::csv().into_bytes())].into();
        Trap { name, files, words: "run small.toml --out runs" }
    };
    let whole = models::recipe(1, "objective = \"vanilla\"");
    let mut traps = vec![
        with(
            "pickle of nested tuples",
            "clips/annotation_training.pkl",
            pickle_of_tuples(14, 60),
            "manifest first-impressions clips --out m.csv",
        ),
        with(
            "pickle of long lists",
            "clips/annotation_training.pkl",
            pickle_of_lists(100_000),
            "manifest first-impressions clips --out m.csv",
        ),
        one("workbook with multiplying entities", workbook("xl/sharedStrings.xml", &entities())),
        one(
            "workbook with a far cell",
            sheet("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>"),
        ),
        one("json whose keys come late", {
            let mut text = "{\"score\":0.5,\"gender\":\"f\"}\n".repeat(100_000);
            (0..2000).for_each(|key| {
                let _ = writeln!(text, "{{\"score\":0.5,\"gender\":\"m\",\"k{key}\":1}}");
            });
            text.into_bytes()
        }),
        one("workbook that shares one long text", {
            let shared = format!(
                "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>{}</t></si></sst>",
                "x".repeat(1 << 20)
            );
            let rows: Vec<String> = (1..20_000).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>")).collect();
            let sheet = format!(
                "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{}</sheetData></worksheet>",
                rows.concat()
            );
            let parts = formats::workbook();
            let members = parts.iter().map(|(name, whole)| match *name {
                "xl/sharedStrings.xml" => (*name, shared.as_bytes()),
                "xl/worksheets/sheet1.xml" => (*name, sheet.as_bytes()),
                _ => (*name, whole.as_slice()),
            });
            formats::zip(&members.collect::<Vec<_>>())
        }),
        one("workbook of merged columns", {
            let merges = "<mergeCell ref=\"A1:A1048576\"/>".repeat(5000);
            let text = format!(
                "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c><c \
                 r=\"B1\"><v>1</v></c></row><row r=\"1000000\"><c r=\"B1000000\"><v>2</v></c></row></sheetData><mergeCells>{merges}</mergeCells></worksheet>"
            );
            workbook("xl/worksheets/sheet1.xml", text.as_bytes())
        }),
        one("nested json", deep("[", "]").into_bytes()),
        one("nested json objects", format!("{{\"score\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000)).into_bytes()),
        one("a table of 200,000 columns", format!("{}\n{}\n", wide.join(","), vec!["1"; wide.len()].join(",")).into_bytes()),
        one("quotes without end", "\"a\",\"b\n".repeat(200_000).into_bytes()),
        one("only line ends", vec![b'\n'; 20 << 20]),
        transcript("nested transcript", deep("[", "]")),
        recipe("nested recipe", format!("{whole}a = {}", deep("[", "]"))),
        recipe("dotted recipe", format!("{whole}{} = 1\n", vec!["a"; 100_000].join("."))),
        recipe("recipe of nested tables", format!("{whole}a = {}1{}", "{a=".repeat(100_000), "}".repeat(100_000))),
    ];
    if large {
        traps.extend([
            one("gzip that unfolds to 600 MB", zeros_in_gzip()),
            one("zip that unfolds to 600 MB", zeros_in_zip("t.csv")),
            one("gzip of a gzip", formats::gzip(&zeros_in_gzip())),
            one("workbook whose sheet unfolds to 600 MB", zeros_in_zip("xl/worksheets/sheet1.xml")),
            one("a field of 50 MB", [b"score,gender\n0.1,\"".to_vec(), vec![b'x'; 50 << 20], b"\"\n0.2,m\n".to_vec()].concat()),
        ]);
    }
    traps
}
