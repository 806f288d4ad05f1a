//! The same small tables in every format that is read, as bytes.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

/// Rows of the table.
const ROWS: usize = 60;

struct Row {
    id: usize,
    score: f64,
    gender: &'static str,
    age: i64,
    hired: bool,
    job: &'static str,
}

fn rows() -> Vec<Row> {
    let row = |id: usize| Row {
        id,
        score: (id * 37 % 97) as f64 / 97.0,
        gender: ["women", "Männer"][id % 2],
        age: 20 + (id * 7 % 41) as i64,
        hired: id.is_multiple_of(3) || id % 7 == 1,
        job: ["nurse", "clerk"][id / 30],
    };
    (0..ROWS).map(row).collect()
}

/// The table as CSV.
pub(super) fn csv() -> String {
    let mut text = "id,score,gender,age,label,job\n".to_owned();
    for Row { id, score, gender, age, hired, job } in rows() {
        let _ = writeln!(text, "{id},{score:.3},{gender},{age},{},{job}", u8::from(hired));
    }
    text
}

/// As a German spreadsheet writes it, with a title above.
pub(super) fn german() -> Vec<u8> {
    let mut text = "Bewerbungen;;;;;\r\n;;;;;\r\nid;score;gender;age;label;job\r\n".to_owned();
    for Row { id, score, gender, age, hired, job } in rows() {
        let score = format!("{score:.3}").replace('.', ",");
        let _ = write!(text, "{id};{score};{gender};{age};{};\"{job}\"\r\n", if hired { "Ja" } else { "Nein" });
    }
    // Windows-1252: umlauts are one byte.
    text.chars().map(|sign| if sign as u32 <= 255 { sign as u32 as u8 } else { b'?' }).collect()
}

/// As a tool of Windows writes it: UTF-16 with its mark, tabs, quoted fields that hold line ends.
pub(super) fn wide() -> Vec<u8> {
    let text = csv().replace("nurse", "\"a \"\"nurse\"\"\nby night\"").replace(',', "\t");
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

/// A JSON object a line, or all in one list.
pub(super) fn json(list: bool) -> Vec<u8> {
    let line = |Row { id, score, gender, age, hired, job }: Row| {
        format!(r#"{{"id":{id},"score":{score:.3},"gender":"{gender}","age":{age},"label":{hired},"job":"{job}","note":null}}"#)
    };
    let lines: Vec<String> = rows().into_iter().map(line).collect();
    if list { format!("[{}]", lines.join(",")).into_bytes() } else { lines.join("\n").into_bytes() }
}

fn batch(dictionary: bool) -> RecordBatch {
    let rows = rows();
    let texts = |text: fn(&Row) -> &'static str| -> ArrayRef {
        let texts = rows.iter().map(text);
        if dictionary {
            Arc::new(texts.collect::<DictionaryArray<arrow_array::types::Int32Type>>())
        } else {
            Arc::new(StringArray::from_iter_values(texts))
        }
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.id as i64)))),
        ("score", Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.score)))),
        ("gender", texts(|row| row.gender)),
        ("age", Arc::new(rows.iter().map(|row| (row.id != 5).then_some(row.age)).collect::<Int64Array>())),
        ("label", Arc::new(BooleanArray::from(rows.iter().map(|row| row.hired).collect::<Vec<bool>>()))),
        ("job", texts(|row| row.job)),
    ];
    let field = |(name, values): &(&str, ArrayRef)| Field::new(*name, values.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, values)| values).collect()).unwrap()
}

/// Parquet files as different writers make them.
pub(super) fn parquet() -> Vec<Vec<u8>> {
    let write = |compression, dictionary: bool, version, group: usize| {
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_dictionary_enabled(dictionary)
            .set_writer_version(version)
            .set_max_row_group_row_count(Some(group))
            .build();
        let mut bytes = Vec::new();
        let batch = batch(false);
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        bytes
    };
    let (one, two) = (WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0);
    vec![
        write(Compression::UNCOMPRESSED, false, one, 1000),
        write(Compression::UNCOMPRESSED, true, two, 17),
        write(Compression::SNAPPY, true, one, 1000),
        write(Compression::ZSTD(ZstdLevel::default()), true, two, 1000),
        write(Compression::GZIP(GzipLevel::default()), false, one, 20),
        write(Compression::LZ4_RAW, true, one, 1000),
    ]
}

/// Arrow files and streams (Feather).
pub(super) fn arrow() -> Vec<Vec<u8>> {
    let options = |compression| IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let file = |compression, dictionary| {
        let (mut bytes, batch) = (Vec::new(), batch(dictionary));
        let mut writer = FileWriter::try_new_with_options(&mut bytes, &batch.schema(), options(compression)).unwrap();
        writer.write(&batch.slice(0, 40)).unwrap();
        writer.write(&batch.slice(40, ROWS - 40)).unwrap();
        writer.finish().unwrap();
        drop(writer);
        bytes
    };
    let stream = |compression| {
        let (mut bytes, batch) = (Vec::new(), batch(false));
        let mut writer = StreamWriter::try_new_with_options(&mut bytes, &batch.schema(), options(compression)).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        drop(writer);
        bytes
    };
    vec![
        file(None, false),
        file(None, true),
        file(Some(CompressionType::LZ4_FRAME), false),
        file(Some(CompressionType::ZSTD), true),
        stream(None),
        stream(Some(CompressionType::ZSTD)),
    ]
}

/// A file packed with gzip.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// An archive of members.
pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The parts of a workbook.
pub(super) fn workbook() -> Vec<(&'static str, Vec<u8>)> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut sheet = "<row r=\"1\">".to_owned();
    for (column, name) in ["id", "score", "gender", "age", "label", "job"].iter().enumerate() {
        let _ = write!(sheet, "<c r=\"{}1\" t=\"inlineStr\"><is><t>{name}</t></is></c>", char::from(b'A' + column as u8));
    }
    sheet += "</row>";
    for Row { id, score, age, hired, .. } in rows() {
        let at = id + 2;
        let _ = write!(
            sheet,
            "<row r=\"{at}\"><c r=\"A{at}\"><v>{id}</v></c><c r=\"B{at}\" s=\"1\"><v>{score:.3}</v></c><c r=\"C{at}\" t=\"s\"><v>{}</v></c>\
             <c r=\"D{at}\"><v>{age}</v></c><c r=\"E{at}\" t=\"b\"><v>{}</v></c><c r=\"F{at}\" t=\"s\"><v>{}</v></c></row>",
            id % 2,
            u8::from(hired),
            2 + id / 30
        );
    }
    let part = |body: String| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}").into_bytes();
    let link = |id: u8, kind: &str, file: &str| format!("<Relationship Id=\"rId{id}\" Type=\"{relations}/{kind}\" Target=\"{file}\"/>");
    let links = |inner: String| {
        part(format!("<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{inner}</Relationships>"))
    };
    let texts = "<si><t>women</t></si><si><t>men</t></si><si><r><t>nu</t></r><r><t>rse</t></r></si><si><t>clerk</t></si>";
    vec![
        (
            "xl/worksheets/sheet1.xml",
            part(format!("<worksheet xmlns=\"{main}\"><dimension ref=\"A1:F61\"/><sheetData>{sheet}</sheetData></worksheet>")),
        ),
        ("xl/sharedStrings.xml", part(format!("<sst xmlns=\"{main}\" count=\"4\" uniqueCount=\"4\">{texts}</sst>"))),
        (
            "xl/styles.xml",
            part(format!(
                "<styleSheet xmlns=\"{main}\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"0.000\"/></numFmts><cellXfs count=\"2\">\
                 <xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>"
            )),
        ),
        (
            "xl/workbook.xml",
            part(format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            )),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            links(
                link(1, "worksheet", "worksheets/sheet1.xml")
                    + &link(2, "sharedStrings", "sharedStrings.xml")
                    + &link(3, "styles", "styles.xml"),
            ),
        ),
        ("_rels/.rels", links(link(1, "officeDocument", "xl/workbook.xml"))),
    ]
}

/// The four corpora that come as text: name of the reader, id, file and content of few rows.
pub(super) fn corpora() -> Vec<(&'static str, &'static str, &'static str, String)> {
    let lines = |head: &str, line: &dyn Fn(&Row) -> String| rows().iter().fold(head.to_owned(), |text, row| text + &line(row) + "\n");
    let adult = |end: &str| {
        let head = if end.is_empty() { "" } else { "|1x3 Cross validator\n" };
        lines(head, &|row| {
            let (sex, label) = (["Male", "Female"][row.id % 2], if row.hired { ">50K" } else { "<=50K" });
            format!(
                "{}, Private, {}, Bachelors, 13, Divorced, Sales, Wife, White, {sex}, 0, 0, 40, United-States, {label}{end}",
                row.age, row.id
            )
        })
    };
    let german = lines("", &|row| {
        let (status, class) = (["A91", "A92"][row.id % 2], if row.hired { 1 } else { 2 });
        format!("A11 6 A34 A43 1169 A65 A75 4 {status} A101 4 A121 {} A143 A152 2 A173 1 A192 A201 {class}", row.age)
    });
    let compas = "id,sex,age,race,juv_fel_count,juv_misd_count,juv_other_count,priors_count,c_charge_degree,days_b_screening_arrest,is_recid,\
                  score_text,two_year_recid\n";
    let compas = lines(compas, &|row| {
        let (sex, race) = (["Male", "Female"][row.id % 2], ["Caucasian", "African-American"][row.id / 30]);
        let label = u8::from(row.hired);
        format!("{},{sex},{},{race},0,1,0,{},F,-1,{label},Low,{label}", row.id, row.age, row.id % 5)
    });
    let utrecht = "Id,gender,age,nationality,sport,grade,debate_club,prog_exp,int_exp,ent_exp,languages,exact_study,highest_degree,company,decision\n";
    let utrecht = lines(utrecht, &|row| {
        let (gender, decision) = (["male", "female"][row.id % 2], if row.hired { "True" } else { "False" });
        format!("x{},{gender},{},Dutch,Golf,61,False,True,False,False,1,True,phd,A,{decision}", row.id, row.age)
    });
    vec![
        ("corpus adult", "adult", "adult.data", adult("")),
        ("corpus adult, test", "adult", "adult.test", adult(".")),
        ("corpus german", "german", "german.data", german),
        ("corpus compas", "compas", "compas-scores-two-years.csv", compas),
        ("corpus utrecht", "utrecht-recruitment", "recruitmentdataset-2022-1.3.csv", utrecht),
    ]
}

fn pickled(text: &str) -> Vec<u8> {
    [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

/// A numpy array as Python pickles it; `kind` as in `f8`.
fn array(shape: &[usize], kind: &str, raw: &[u8]) -> Vec<u8> {
    let whole = |number: usize| [b"M".as_slice(), &(number as u16).to_le_bytes()].concat();
    let shape = [b"(".to_vec(), shape.iter().flat_map(|&side| whole(side)).collect(), b"t".to_vec()].concat();
    let order = if kind == "O8" { b'|' } else { b'<' };
    [
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01".to_vec(),
        shape,
        b"cnumpy\ndtype\n".to_vec(),
        [b"U".as_slice(), &[kind.len() as u8], kind.as_bytes()].concat(),
        b"K\0K\x01\x87R(K\x03U\x01".to_vec(),
        vec![order],
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89".to_vec(),
        raw.to_vec(),
        b"tb".to_vec(),
    ]
    .concat()
}

fn numbers(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    array(shape, "f8", &[b"B".as_slice(), &(raw.len() as u32).to_le_bytes(), &raw].concat())
}

fn npy(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(key, value)| [pickled(key), value.clone()].concat()).collect();
    let dictionary = [b"](}(".as_slice(), &items, b"ue"].concat();
    let mut header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }".to_owned();
    header += &" ".repeat(117 - header.len());
    header += "\n";
    let object = array(&[], "O8", &dictionary);
    [b"\x93NUMPY\x01\0".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), b"\x80\x03", &object, b"."].concat()
}

/// Profiles and predictions of FairCVtest, of few people.
pub(super) fn faircv() -> [(&'static str, Vec<u8>); 2] {
    const PEOPLE: usize = 40;
    let share = |index: usize| (index * 31 % 101) as f64 / 101.0;
    let profile = |person: usize, column: usize| match column {
        0 => (person % 3) as f64,
        1 => (person % 2) as f64,
        _ => share(person * 54 + column),
    };
    let profiles: Vec<f64> = (0..PEOPLE * 54).map(|at| profile(at / 54, at % 54)).collect();
    let scores = |step: usize| (0..PEOPLE).map(|person| share(person + step)).collect::<Vec<f64>>();
    let image = |person: usize| format!("{:<12}", format!("c\\p{}\\{person}", person / 2)).replace(' ', "\0");
    let images: Vec<u8> =
        (0..PEOPLE).flat_map(|person| image(person).chars().flat_map(|sign| (sign as u32).to_le_bytes()).collect::<Vec<u8>>()).collect();
    let images = array(&[PEOPLE], "U12", &[b"B".as_slice(), &(images.len() as u32).to_le_bytes(), &images].concat());
    [
        (
            "Profiles_test_gen.npy",
            npy(&[
                ("profiles", numbers(&[PEOPLE, 54], &profiles)),
                ("blindLabels", numbers(&[PEOPLE], &scores(0))),
                ("biasedLabels", numbers(&[PEOPLE], &scores(3))),
                ("image_list", images),
            ]),
        ),
        ("predictions_biased_gender.npy", npy(&[("predictions", numbers(&[PEOPLE], &scores(9)))])),
    ]
}

/// Annotations and transcripts of First Impressions as Python 2 pickled them.
pub(super) fn impressions() -> Vec<(&'static str, Vec<u8>)> {
    let clips: Vec<String> = (0..12).map(|clip| format!("p{}.{clip:03}.mp4", clip / 2)).collect();
    let string = |text: &str| [&[b'U', text.len() as u8], text.as_bytes()].concat();
    let dictionary = |items: Vec<u8>| [b"}(".as_slice(), &items, b"u"].concat();
    let scalar = |value: f64| {
        let element =
            b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8K\0K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb";
        [element.as_slice(), b"U\x08", &value.to_le_bytes(), b"\x86R"].concat()
    };
    let plain = |value: f64| [b"G".as_slice(), &value.to_be_bytes()].concat();
    let names = ["extraversion", "neuroticism", "agreeableness", "conscientiousness", "interview", "openness"];
    let scores = |name: &str| {
        let value = |place: usize| (place * 7 + name.len()) as f64 / 120.0;
        let item = |(place, clip): (usize, &String)| {
            [string(clip), if name == "interview" { scalar(value(place)) } else { plain(value(place)) }].concat()
        };
        dictionary(clips.iter().enumerate().flat_map(item).collect())
    };
    let annotations = dictionary(names.iter().flat_map(|name| [string(name), scores(name)].concat()).collect());
    let words = dictionary(clips.iter().flat_map(|clip| [string(clip), pickled("I have [laughs] built it")].concat()).collect());
    let groups: Vec<String> =
        clips.iter().enumerate().map(|(place, clip)| format!("{clip};{};{}\n", 1 + place % 3, 1 + place % 2)).collect();
    let whole = |object: Vec<u8>| [b"\x80\x02".as_slice(), &object, b"."].concat();
    vec![
        ("annotation_training.pkl", whole(annotations)),
        ("transcription_training.pkl", whole(words)),
        ("eth_gender_annotations_dev.csv", format!("VideoName;Ethnicity;Gender\n{}", groups.concat()).into_bytes()),
    ]
}

/// A network's file, and the names and shapes of its layers.
type Network = (&'static str, &'static [(&'static str, &'static [usize])]);

/// The three networks of a face detector as torch writes them, with arrays of small numbers.
pub(super) fn torch() -> Vec<(&'static str, Vec<u8>)> {
    const NETWORKS: [Network; 3] = [
        (
            "pnet.pt",
            &[
                ("conv1", &[10, 3, 3, 3]),
                ("prelu1", &[10]),
                ("conv2", &[16, 10, 3, 3]),
                ("prelu2", &[16]),
                ("conv3", &[32, 16, 3, 3]),
                ("prelu3", &[32]),
                ("conv4_1", &[2, 32, 1, 1]),
                ("conv4_2", &[4, 32, 1, 1]),
            ],
        ),
        (
            "rnet.pt",
            &[
                ("conv1", &[28, 3, 3, 3]),
                ("prelu1", &[28]),
                ("conv2", &[48, 28, 3, 3]),
                ("prelu2", &[48]),
                ("conv3", &[64, 48, 2, 2]),
                ("prelu3", &[64]),
                ("dense4", &[128, 576]),
                ("prelu4", &[128]),
                ("dense5_1", &[2, 128]),
                ("dense5_2", &[4, 128]),
            ],
        ),
        (
            "onet.pt",
            &[
                ("conv1", &[32, 3, 3, 3]),
                ("prelu1", &[32]),
                ("conv2", &[64, 32, 3, 3]),
                ("prelu2", &[64]),
                ("conv3", &[64, 64, 3, 3]),
                ("prelu3", &[64]),
                ("conv4", &[128, 64, 2, 2]),
                ("prelu4", &[128]),
                ("dense5", &[256, 1152]),
                ("prelu5", &[256]),
                ("dense6_1", &[2, 256]),
                ("dense6_2", &[4, 256]),
                ("dense6_3", &[10, 256]),
            ],
        ),
    ];
    let arrays = |layers: &[(&str, &[usize])]| {
        let both = |&(layer, shape): &(&str, &[usize])| {
            let bias = (!layer.starts_with("prelu")).then(|| (format!("{layer}.bias"), vec![shape[0]]));
            std::iter::once((format!("{layer}.weight"), shape.to_vec())).chain(bias).collect::<Vec<_>>()
        };
        layers.iter().flat_map(both).collect::<Vec<_>>()
    };
    NETWORKS.iter().map(|&(file, layers)| (file, container(&arrays(layers)))).collect()
}

/// An old container of torch.
fn container(arrays: &[(String, Vec<usize>)]) -> Vec<u8> {
    let number = |number: usize| [b"J".as_slice(), &(number as u32).to_le_bytes()].concat();
    let sizes = |sizes: &[usize]| [b"(".to_vec(), sizes.iter().flat_map(|&size| number(size)).collect(), b"t".to_vec()].concat();
    let mut bytes = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.".to_vec();
    bytes.extend([b"\x80\x02}".as_slice(), &pickled("little_endian"), b"\x88s.\x80\x02ccollections\nOrderedDict\n)R("].concat());
    for (key, (name, shape)) in arrays.iter().enumerate() {
        let strides: Vec<usize> = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect();
        bytes.extend([pickled(name), b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(), pickled("storage")].concat());
        bytes.extend([b"ctorch\nFloatStorage\n".to_vec(), pickled(&key.to_string()), pickled("cpu")].concat());
        bytes.extend([number(shape.iter().product()), b"NtQ".to_vec(), number(0)].concat());
        bytes.extend([sizes(shape), sizes(&strides), b"\x89ccollections\nOrderedDict\n)RtR".to_vec()].concat());
    }
    let keys: Vec<u8> = (0..arrays.len()).flat_map(|key| pickled(&key.to_string())).collect();
    bytes.extend([b"u.\x80\x02](".as_slice(), &keys, b"e."].concat());
    for (_, shape) in arrays {
        let count: usize = shape.iter().product();
        bytes.extend((count as u64).to_le_bytes());
        bytes.extend((0..count).flat_map(|index| (((index * 2_654_435_761) % 1000) as f32 / 5000.0 - 0.1).to_le_bytes()));
    }
    bytes
}

/// Transcripts as programs write them, with the ending of their names.
pub(super) fn transcripts() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("txt", text("I have built and mended the machines of a workshop, and taught two apprentices.\n")),
        (
            "srt",
            text("1\n00:00:00,000 --> 00:00:02,500\nI have <i>built</i>\nand mended\n\n2\n00:00:02,500 --> 00:00:04,000\nthe machines\n"),
        ),
        (
            "vtt",
            text(
                "WEBVTT - remark\n\nNOTE a\nb\n\nSTYLE\n::cue {}\n\nid\n00:00.000 --> 00:02.500 align:start\n<v Ann>I have <c.x>built</c>\n\n00:02.500 --> 01:00:04.000\nmachines\n",
            ),
        ),
        ("ctm", text(";; remark\na 1 0.00 0.20 I 0.9\na 1 0.20 0.30 have 0.8\na 1 0.50 0.40 built 0.95\n")),
        (
            "json",
            text(
                r#"{"text":"I have built","language":"en","segments":[{"id":0,"start":0.0,"end":1.5,"text":" I have built","avg_logprob":-0.2,"no_speech_prob":0.01,"words":[{"word":" I","start":0.0,"end":0.2,"probability":0.9},{"word":" have","start":0.2,"end":0.5,"probability":0.8}]}]}"#,
            ),
        ),
        (
            "json",
            text(
                r#"{"transcription":[{"timestamps":{"from":"00:00:00,000","to":"00:00:01,500"},"offsets":{"from":0,"to":1500},"text":" I have built","tokens":[{"text":" I","timestamps":{"from":"00:00:00,000","to":"00:00:00,200"},"offsets":{"from":0,"to":200},"id":1,"p":0.9}]}],"result":{"language":"en"}}"#,
            ),
        ),
        (
            "json",
            text(
                r#"{"result":[{"conf":0.9,"end":0.4,"start":0.1,"word":"built"},{"conf":0.8,"end":0.9,"start":0.5,"word":"it"}],"text":"built it"}{"text":""}"#,
            ),
        ),
        (
            "json",
            text(
                r#"{"results":[{"alternatives":[{"transcript":"I built it","confidence":0.9,"words":[{"startTime":"0s","endTime":"0.500s","word":"I"},{"startTime":"0.5s","endTime":"1s","word":"built"}]}],"languageCode":"en-us"}]}"#,
            ),
        ),
        (
            "json",
            text(
                r#"{"jobName":"j","results":{"transcripts":[{"transcript":"I built."}],"items":[{"start_time":"0.1","end_time":"0.4","alternatives":[{"confidence":"0.9","content":"I"}],"type":"pronunciation"},{"alternatives":[{"confidence":"0.0","content":"."}],"type":"punctuation"}]},"status":"COMPLETED"}"#,
            ),
        ),
    ]
}

/// A picture with some structure.
pub(super) fn png(colour: png::ColorType, depth: png::BitDepth) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 24, 20);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if colour == png::ColorType::Indexed {
        encoder.set_palette((0..48_u8).flat_map(|shade| [shade * 5, 90, 255 - shade]).collect::<Vec<u8>>());
    }
    let bits = 24 * colour.samples() * depth as usize;
    let highest: u32 = if colour == png::ColorType::Indexed { 16 } else { 251 };
    let pixels: Vec<u8> = (0..bits.div_ceil(8) as u32 * 20).map(|at| (at * 7 % highest) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

/// Half a second of a square wave as a WAV file with samples of 8, 16, 24 or 32 bits, or numbers with fractions.
pub(super) fn wav(channels: u16, rate: u32, bits: u16, float: bool) -> Vec<u8> {
    let size = usize::from(bits / 8);
    let sample = |at: usize| {
        let high = (at / 20).is_multiple_of(2);
        if float {
            return if high { 0.2_f32 } else { -0.2 }.to_le_bytes()[..size].to_vec();
        }
        if bits == 8 {
            return vec![if high { 150 } else { 100 }];
        }
        let full = 1_i64 << (bits - 3);
        (if high { full } else { -full }).to_le_bytes()[..size].to_vec()
    };
    let samples: Vec<u8> = (0..rate as usize / 2).flat_map(|at| sample(at).repeat(usize::from(channels))).collect();
    let block = channels * bits / 8;
    let format = [
        (if float { 3_u16 } else { 1 }).to_le_bytes().to_vec(),
        channels.to_le_bytes().to_vec(),
        rate.to_le_bytes().to_vec(),
        (rate * u32::from(block)).to_le_bytes().to_vec(),
        block.to_le_bytes().to_vec(),
        bits.to_le_bytes().to_vec(),
    ];
    let chunk = |name: &[u8], body: &[u8]| [name, &(body.len() as u32).to_le_bytes(), body].concat();
    let body =
        [b"WAVE".to_vec(), chunk(b"fmt ", &format.concat()), chunk(b"LIST", b"INFOISFT\x04\0\0\0abcd"), chunk(b"data", &samples)].concat();
    chunk(b"RIFF", &body)
}
