//! What a file is, by its first bytes: its ending promises, its bytes decide.

/// What the bytes of a file hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Fields and lines, or what will turn out not to be.
    Text,
    Parquet,
    /// An Arrow file (Feather, version 2).
    Arrow,
    /// Arrow batches one after the other, without an index.
    ArrowStream,
    /// JSON objects, a line each or in one list.
    Json,
    Gzip,
    /// A workbook of Excel, or an archive with one file in it.
    Zip,
    /// Something else: what it is, and what to do.
    Other(&'static str, &'static str),
}

/// Bytes that [`kind`] looks at.
pub(crate) const HEAD: usize = 4096;

const UNPACK: &str = "unpack it, or pack it with gzip or zip";
const EXPORT: &str = "export the table as CSV, Parquet or xlsx";
const NO_TABLE: &str = "name the file that holds the table";

/// What a file is whose first bytes these are.
pub(crate) fn kind(head: &[u8]) -> Kind {
    let known: [(&[u8], Kind); 44] = [
        (b"PAR1", Kind::Parquet),
        (b"ARROW1", Kind::Arrow),
        (b"PK\x03\x04", Kind::Zip),
        (b"\x1F\x8B", Kind::Gzip),
        (b"PARE", Kind::Other("an encrypted Parquet file", "write it without encryption")),
        (b"FEA1", Kind::Other("a Feather file of version 1", "write it as Feather of version 2, or as Parquet")),
        (b"ORC", Kind::Other("an ORC file", EXPORT)),
        (b"Obj\x01", Kind::Other("an Avro file", EXPORT)),
        (b"PK\x05\x06", Kind::Other("an empty zip archive", NO_TABLE)),
        (b"PK\x07\x08", Kind::Other("a part of a divided zip archive", UNPACK)),
        (b"BZh", Kind::Other("compressed with bzip2", UNPACK)),
        (b"\xFD7zXZ\0", Kind::Other("compressed with xz", UNPACK)),
        (b"\x28\xB5\x2F\xFD", Kind::Other("compressed with Zstandard", UNPACK)),
        (b"\x04\x22\x4D\x18", Kind::Other("compressed with lz4", UNPACK)),
        (b"7z\xBC\xAF\x27\x1C", Kind::Other("a 7z archive", UNPACK)),
        (b"Rar!", Kind::Other("a RAR archive", UNPACK)),
        (b"\x1F\x9D", Kind::Other("compressed with compress", UNPACK)),
        (
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
            Kind::Other("a workbook of an old Excel (.xls), or one with a password", "save it as xlsx without a password, or as CSV"),
        ),
        (b"\x09\x08\x10\0\0\x06\x05\0", Kind::Other("a workbook of an old Excel (.xls)", "save it as xlsx, or as CSV")),
        (b"<stata_dta>", Kind::Other("a Stata file (.dta)", "export it as CSV (`export delimited`) or Parquet")),
        (b"$FL2", Kind::Other("an SPSS file (.sav)", "export it as CSV or xlsx")),
        (b"$FL3", Kind::Other("an SPSS file (.zsav)", "export it as CSV or xlsx")),
        (b"HEADER RECORD*******LIB", Kind::Other("a SAS transport file (.xpt)", EXPORT)),
        (b"\0\0\0\0\0\0\0\0\0\0\0\0\xC2\xEA\x81\x60", Kind::Other("a SAS file (.sas7bdat)", EXPORT)),
        (b"RDX2\n", Kind::Other("a file of R (.RData)", "write the table with `write.csv`")),
        (b"RDX3\n", Kind::Other("a file of R (.RData)", "write the table with `write.csv`")),
        (b"X\n\0\0\0", Kind::Other("a file of R (.rds)", "write the table with `write.csv`")),
        (b"A\n2\n", Kind::Other("a file of R (.rds)", "write the table with `write.csv`")),
        (b"A\n3\n", Kind::Other("a file of R (.rds)", "write the table with `write.csv`")),
        (b"SQLite format 3\0", Kind::Other("an SQLite database", EXPORT)),
        (b"\x89HDF\r\n\x1A\n", Kind::Other("an HDF5 file", EXPORT)),
        (b"\x93NUMPY", Kind::Other("an array of numpy (.npy)", EXPORT)),
        (b"\x80\x02", Kind::Other("a pickle of Python", "write the table with `to_csv` or `to_parquet`")),
        (b"\x80\x03", Kind::Other("a pickle of Python", "write the table with `to_csv` or `to_parquet`")),
        (b"\x80\x04\x95", Kind::Other("a pickle of Python", "write the table with `to_csv` or `to_parquet`")),
        (b"\x80\x05\x95", Kind::Other("a pickle of Python", "write the table with `to_csv` or `to_parquet`")),
        (b"%PDF", Kind::Other("a PDF document", NO_TABLE)),
        (b"{\\rtf", Kind::Other("a document (.rtf)", NO_TABLE)),
        (b"\x89PNG\r\n", Kind::Other("a picture (PNG)", NO_TABLE)),
        (b"\xFF\xD8\xFF", Kind::Other("a picture (JPEG)", NO_TABLE)),
        (b"GIF8", Kind::Other("a picture (GIF)", NO_TABLE)),
        (b"RIFF", Kind::Other("a sound or film (RIFF)", NO_TABLE)),
        (b"OggS", Kind::Other("a sound or film (Ogg)", NO_TABLE)),
        (b"\x7FELF", Kind::Other("a program", NO_TABLE)),
    ];
    if let Some((_, kind)) = known.iter().find(|(mark, _)| head.starts_with(mark)) {
        // Three letters may begin a header; a binary file holds zero bytes.
        let may_be_text = matches!(kind, Kind::Other(..)) && head.is_ascii() && !head.contains(&0);
        let doubtful = [b"ORC".as_slice(), b"BZh", b"GIF8", b"RIFF", b"OggS", b"RDX", b"Rar!"];
        if !(may_be_text && doubtful.iter().any(|mark| head.starts_with(mark)) && head.contains(&b'\n')) {
            return *kind;
        }
    }
    if head.starts_with(b"\xFF\xFF\xFF\xFF") {
        return Kind::ArrowStream;
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Kind::Other("a film (MP4)", NO_TABLE);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Kind::Other("a tar archive", UNPACK);
    }
    // Old Stata files: release, byte order, kind, zero.
    if let [0x71..=0x73, 1 | 2, 1, 0, ..] = head {
        return Kind::Other("a Stata file (.dta)", "export it as CSV (`export delimited`) or Parquet");
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let begins = |mark: &str| text.len() >= mark.len() && text[..mark.len()].eq_ignore_ascii_case(mark.as_bytes());
    if ["<!doctype html", "<html", "<table", "<head", "<meta"].into_iter().any(begins) {
        return Kind::Other(
            "a web page (HTML), as some programs write under the name .xls",
            "open it in a spreadsheet program and save it as xlsx or CSV",
        );
    }
    if begins("<?xml") {
        return Kind::Other("an XML file", "save the table as xlsx or CSV");
    }
    if begins("version https://git-lfs") {
        return Kind::Other("a pointer to a file that Git LFS holds", "fetch the file with `git lfs pull`");
    }
    let inner = |sign: &[u8]| text.strip_prefix(sign).map(<[u8]>::trim_ascii_start);
    match (inner(b"{"), inner(b"[")) {
        (Some([b'"' | b'}', ..]), _) | (_, Some([b'{', ..])) => Kind::Json,
        (_, Some([b'[', ..])) => Kind::Other("JSON without objects", "write an object with the names of the columns for each row"),
        _ => Kind::Text,
    }
}

/// What a zip archive holds that is no plain archive, by the names of its members.
pub(crate) fn of_members<'a>(names: &(impl Iterator<Item = &'a str> + Clone)) -> Option<Kind> {
    let has = |wanted: &str| names.clone().any(|name| name == wanted || name.starts_with(wanted) && wanted.ends_with('/'));
    if has("xl/workbook.bin") {
        return Some(Kind::Other("a binary workbook of Excel (.xlsb)", "save it as xlsx, or as CSV"));
    }
    if has("content.xml") && has("META-INF/manifest.xml") {
        return Some(Kind::Other("a workbook or document of OpenDocument (.ods, .odt)", "save the table as xlsx, or as CSV"));
    }
    if has("word/") || has("ppt/") {
        return Some(Kind::Other("a document (.docx, .pptx)", NO_TABLE));
    }
    if names.clone().next().is_some() && names.clone().all(|name| name.to_lowercase().ends_with(".npy")) {
        return Some(Kind::Other("arrays of numpy (.npz)", EXPORT));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_texts_are_no_other_kind() {
        for text in ["id,score\n1,2\n", "ORC,BZh\n1,2\n", "{gender},score\nf,1\n", "[x],y\n", "RIFF;a\n", "A\n1\n", "<5,>5\n1,2\n"] {
            assert_eq!(kind(text.as_bytes()), Kind::Text, "{text}");
        }
    }

    #[test]
    fn kinds_are_known_by_their_bytes() {
        assert_eq!(kind(b"PAR1\x15\0"), Kind::Parquet);
        assert_eq!(kind(b"\xEF\xBB\xBF {\n  \"a\": 1}"), Kind::Json);
        assert_eq!(kind(b"[ {\"a\": 1}]"), Kind::Json);
        for (bytes, word) in [
            (b"r\x02\x01\0".as_slice(), "Stata"),
            (b"$FL2@(#) SPSS", "SPSS"),
            (b"X\n\0\0\0\x03", "(.rds)"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "old Excel"),
            (b"BZh91AY&SY\x00", "bzip2"),
            (b" <HTML><body>", "HTML"),
            (b"\0\0\0\x18ftypmp42", "MP4"),
            (b"\x89PNG\r\n\x1A\n", "PNG"),
        ] {
            assert!(matches!(kind(bytes), Kind::Other(what, _) if what.contains(word)), "{word}");
        }
        assert!(matches!(of_members(&["mimetype", "content.xml", "META-INF/manifest.xml"].into_iter()), Some(Kind::Other(..))));
        assert_eq!(of_members(&["scores.csv"].into_iter()), None);
    }
}
