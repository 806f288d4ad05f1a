//! `fetch` against a server on this machine: every way a download can go, and what lies in the folder afterwards.

mod server;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use evenhand_data::fetch::{
    Address, Digest, FetchError, Fetched, Network, Origin, RemoteFile, Source, Stage, TransferFailure, fetch, fetch_origin,
};
use sha2::Digest as _;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use server::{Answer, Request, Server};

fn sha256(content: &[u8]) -> String {
    sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// 100,000 bytes without a short period.
fn content() -> Vec<u8> {
    (0_u32..25_000).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

fn leak<T>(values: Vec<T>) -> &'static [T] {
    Box::leak(values.into_boxed_slice())
}

fn digest(content: &[u8]) -> Digest {
    Digest { bytes: content.len() as u64, sha256: Box::leak(sha256(content).into_boxed_str()) }
}

fn origin_of(files: Vec<RemoteFile>) -> &'static Origin {
    &leak(vec![Origin { corpus: "sample", files: leak(files), licence: "none", page: "https://example.org/sample" }])[0]
}

fn sample() -> &'static Origin {
    origin_of(vec![RemoteFile {
        name: "sample.csv",
        accepted: leak(vec![digest(&content())]),
        addresses: &[Address::File("https://example.org/sample.csv")],
        blanked: &[],
    }])
}

fn network(server: &Server) -> Source {
    Source::Network(Network { base: Some(server.base.clone()), attempts: 1, patience: Duration::from_secs(5), redirects: 3 })
}

fn run(origin: &'static Origin, root: &TempDir, source: &Source) -> Result<Fetched, FetchError> {
    fetch_origin(origin, root.path(), source, &mut |_| {})
}

/// Names of the files in the corpus folder, in order.
fn listing(root: &TempDir) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root.path().join("sample")) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn stored(root: &TempDir, name: &str) -> Vec<u8> {
    fs::read(root.path().join("sample").join(name)).unwrap()
}

fn put_part(root: &TempDir, bytes: &[u8], tag: Option<&str>) {
    let folder = root.path().join("sample");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("sample.csv.part"), bytes).unwrap();
    if let Some(tag) = tag {
        fs::write(folder.join("sample.csv.part.tag"), tag).unwrap();
    }
}

fn failure(result: Result<Fetched, FetchError>) -> TransferFailure {
    match result {
        Err(FetchError::Transfer { failure, .. }) => failure,
        other => panic!("not a failed transfer: {other:?}"),
    }
}

#[test]
fn a_whole_file_arrives_under_its_name_and_is_not_fetched_twice() {
    let server = Server::start(|_, _| Answer::whole(&content()));
    let root = TempDir::new().unwrap();
    let mut stages = Vec::new();
    let fetched = fetch_origin(sample(), root.path(), &network(&server), &mut |progress| {
        if stages.last() != Some(&progress.stage) {
            stages.push(progress.stage);
        }
    })
    .unwrap();
    assert_eq!(stages, [Stage::Receiving, Stage::Checking, Stage::Stored]);
    assert_eq!(fetched.folder, root.path().join("sample"));
    assert!(fetched.files[0].new && fetched.files[0].bytes == 100_000 && fetched.files[0].sha256 == sha256(&content()));
    assert_eq!(stored(&root, "sample.csv"), content());
    assert_eq!(listing(&root), ["SHA256SUMS", "sample.csv"]);
    assert_eq!(String::from_utf8(stored(&root, "SHA256SUMS")).unwrap(), format!("{}  sample.csv\n", sha256(&content())));

    assert!(!run(sample(), &root, &network(&server)).unwrap().files[0].new);
    assert_eq!(server.requests(), [Request { path: "/example.org/sample.csv".into(), range: None, if_range: None }]);
}

#[test]
fn a_cut_off_file_stays_a_part_and_the_next_run_resumes_it() {
    let server = Server::start(|request, number| match number {
        0 => Answer { cut: Some(40_000), ..Answer::whole(&content()).with("ETag", "\"v1\"") },
        _ => Answer::rest(&content(), request.offset()).with("ETag", "\"v1\""),
    });
    let root = TempDir::new().unwrap();
    let error = run(sample(), &root, &network(&server)).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("cut off after 40000 of 100000 bytes"), "{message}");
    assert!(message.contains("/example.org/sample.csv") && message.contains("evenhand fetch sample --from FOLDER"), "{message}");
    assert_eq!(listing(&root), ["sample.csv.part", "sample.csv.part.tag"]);

    run(sample(), &root, &network(&server)).unwrap();
    assert_eq!(stored(&root, "sample.csv"), content());
    assert_eq!(listing(&root), ["SHA256SUMS", "sample.csv"]);
    let second = &server.requests()[1];
    assert_eq!((second.range.as_deref(), second.if_range.as_deref()), (Some("bytes=40000-"), Some("\"v1\"")));
}

#[test]
fn one_run_takes_a_broken_download_up_again_while_bytes_come() {
    let server = Server::start(|request, number| match number {
        0 => Answer { cut: Some(40_000), ..Answer::whole(&content()) },
        1 => Answer { cut: Some(30_000), ..Answer::rest(&content(), request.offset()) },
        _ => Answer::rest(&content(), request.offset()),
    });
    let root = TempDir::new().unwrap();
    let Source::Network(once) = network(&server) else { unreachable!() };
    run(sample(), &root, &Source::Network(Network { attempts: 4, ..once })).unwrap();
    assert_eq!(stored(&root, "sample.csv"), content());
    assert_eq!(server.requests().iter().map(Request::offset).collect::<Vec<_>>(), [0, 40_000, 70_000]);
}

#[test]
fn a_download_that_brings_nothing_is_not_tried_for_ever() {
    let server = Server::start(|_, _| Answer { cut: Some(0), ..Answer::whole(&content()) });
    let root = TempDir::new().unwrap();
    let Source::Network(once) = network(&server) else { unreachable!() };
    let result = run(sample(), &root, &Source::Network(Network { attempts: 50, ..once }));
    assert!(matches!(failure(result), TransferFailure::CutOff { received: 0, expected: Some(100_000), .. }));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_file_without_a_length_that_ends_early_is_cut_off_too() {
    let server = Server::start(|_, _| Answer { no_length: true, cut: Some(10), ..Answer::whole(&content()) });
    let root = TempDir::new().unwrap();
    let result = run(sample(), &root, &network(&server));
    assert!(matches!(failure(result), TransferFailure::CutOff { received: 10, expected: Some(100_000), .. }));
    assert_eq!(listing(&root), ["sample.csv.part"]);
}

#[test]
fn a_server_that_ignores_the_range_sends_the_whole_file_and_the_part_is_replaced() {
    let server = Server::start(|_, _| Answer::whole(&content()));
    let root = TempDir::new().unwrap();
    put_part(&root, &content()[..1_000], Some("\"old\""));
    run(sample(), &root, &network(&server)).unwrap();
    assert_eq!(stored(&root, "sample.csv"), content());
    assert_eq!(server.requests()[0].if_range.as_deref(), Some("\"old\""));
}

#[test]
fn a_server_that_answers_another_range_is_asked_for_the_whole_file() {
    let server = Server::start(|_, number| if number == 0 { Answer::rest(&content(), 5_000) } else { Answer::whole(&content()) });
    let root = TempDir::new().unwrap();
    put_part(&root, &content()[..1_000], None);
    run(sample(), &root, &network(&server)).unwrap();
    assert_eq!(server.requests().iter().map(|request| request.range.is_some()).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_part_that_is_whole_already_is_only_checked() {
    let server = Server::start(|_, _| Answer::status(416).with("Content-Range", "bytes */100000"));
    let root = TempDir::new().unwrap();
    put_part(&root, &content(), None);
    run(sample(), &root, &network(&server)).unwrap();
    assert_eq!(listing(&root), ["SHA256SUMS", "sample.csv"]);
}

#[test]
fn a_part_of_another_file_is_thrown_away_and_the_file_fetched_afresh() {
    let server = Server::start(|request, _| match request.offset() {
        0 => Answer::whole(&content()),
        offset => Answer::rest(&content(), offset),
    });
    let root = TempDir::new().unwrap();
    put_part(&root, &[7; 1_000], None);
    run(sample(), &root, &network(&server)).unwrap();
    assert_eq!(stored(&root, "sample.csv"), content());
    assert_eq!(server.requests().iter().map(Request::offset).collect::<Vec<_>>(), [1_000, 0]);
}

#[test]
fn a_wrong_hash_is_told_with_both_hashes_and_nothing_is_kept() {
    let wrong: Vec<u8> = content().iter().rev().copied().collect();
    let body = wrong.clone();
    let server = Server::start(move |_, _| Answer::whole(&body));
    let root = TempDir::new().unwrap();
    let error = run(sample(), &root, &network(&server)).unwrap_err();
    let FetchError::WrongHash { got, got_bytes, .. } = &error else { panic!("{error}") };
    assert_eq!((got.as_str(), *got_bytes), (sha256(&wrong).as_str(), 100_000));
    let message = error.to_string();
    assert!(message.contains(&format!("expected {} (100000 bytes)", sha256(&content()))), "{message}");
    assert!(message.contains("evenhand fetch sample --from FOLDER"), "{message}");
    assert_eq!(listing(&root), [""; 0]);
}

#[test]
fn a_wrong_file_leaves_the_good_one_that_lay_there() {
    let server = Server::start(|_, _| Answer::status(500));
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("sample")).unwrap();
    fs::write(root.path().join("sample/sample.csv"), b"my own").unwrap();
    assert_eq!(failure(run(sample(), &root, &network(&server))), TransferFailure::Status(500));
    assert_eq!(stored(&root, "sample.csv"), b"my own");
}

#[test]
fn redirects_are_followed_with_the_range() {
    let server = Server::start(|request, _| match request.path.as_str() {
        "/example.org/sample.csv" => Answer::redirect("/moved/here?x=1"),
        "/moved/here?x=1" => Answer::redirect("there"),
        "/moved/there" => Answer::rest(&content(), request.offset()),
        _ => Answer::status(404),
    });
    let root = TempDir::new().unwrap();
    put_part(&root, &content()[..60_000], None);
    run(sample(), &root, &network(&server)).unwrap();
    assert_eq!(stored(&root, "sample.csv"), content());
    assert_eq!(server.requests().iter().map(Request::offset).collect::<Vec<_>>(), [60_000; 3]);
}

#[test]
fn redirects_end_at_the_limit_and_never_leave_encryption() {
    let root = TempDir::new().unwrap();
    let loops = Server::start(|request, _| Answer::redirect(&request.path));
    assert_eq!(failure(run(sample(), &root, &network(&loops))), TransferFailure::TooManyRedirects(3));
    assert_eq!(loops.requests().len(), 4);

    let plain = Server::start(|_, _| Answer::redirect("http://example.org/sample.csv"));
    assert_eq!(failure(run(sample(), &root, &network(&plain))), TransferFailure::NotEncrypted("http://example.org/sample.csv".into()));

    let file = Server::start(|_, _| Answer::redirect("file:///etc/passwd"));
    assert!(matches!(failure(run(sample(), &root, &network(&file))), TransferFailure::NotEncrypted(_) | TransferFailure::BadRedirect(_)));

    let nowhere = Server::start(|_, _| Answer::status(302));
    assert_eq!(failure(run(sample(), &root, &network(&nowhere))), TransferFailure::BadRedirect(String::new()));

    let insecure = Source::Network(Network { base: Some("http://example.org".into()), ..Network::default() });
    assert!(matches!(failure(run(sample(), &root, &insecure)), TransferFailure::NotEncrypted(_)));
}

#[test]
fn an_error_of_the_server_is_told_and_no_bytes_of_its_page_are_kept() {
    for status in [404, 403, 500, 503] {
        let server = Server::start(move |_, _| Answer { body: b"<html>sorry</html>".to_vec(), ..Answer::status(status) });
        let root = TempDir::new().unwrap();
        put_part(&root, &content()[..10], None);
        assert_eq!(failure(run(sample(), &root, &network(&server))), TransferFailure::Status(status));
        assert_eq!(stored(&root, "sample.csv.part"), &content()[..10], "the part waits for the next run");
    }
}

#[test]
fn nobody_there_names_the_address_and_the_way_out() {
    // A port that was free a moment ago and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let base = format!("http://127.0.0.1:{port}");
    let root = TempDir::new().unwrap();
    let source = Source::Network(Network { base: Some(base.clone()), ..Network::default() });
    let message = fetch("german", root.path(), &source, &mut |_| {}).unwrap_err().to_string();
    assert!(message.contains(&format!("{base}/archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/german.data")), "{message}");
    assert!(message.contains("no answer") && message.contains("evenhand fetch german --from FOLDER"), "{message}");
}

#[test]
fn a_server_that_falls_silent_is_left_and_its_bytes_are_kept() {
    let server = Server::start(|_, _| Answer { stall: Some((500, Duration::from_secs(8))), ..Answer::whole(&content()) });
    let root = TempDir::new().unwrap();
    let source = Source::Network(Network {
        base: Some(server.base.clone()),
        attempts: 3,
        patience: Duration::from_millis(300),
        ..Network::default()
    });
    assert!(matches!(failure(run(sample(), &root, &source)), TransferFailure::Stalled { received: 500, .. }));
    assert_eq!(listing(&root), ["sample.csv.part"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_slow_server_is_waited_for() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_millis(400));
        Answer::whole(&content())
    });
    let root = TempDir::new().unwrap();
    run(sample(), &root, &network(&server)).unwrap();
}

#[test]
fn more_bytes_than_the_file_has_are_refused_announced_or_not() {
    let mut large = content();
    large.push(0);
    for no_length in [false, true] {
        let body = large.clone();
        let server = Server::start(move |_, _| Answer { no_length, ..Answer::whole(&body) });
        let root = TempDir::new().unwrap();
        assert_eq!(failure(run(sample(), &root, &network(&server))), TransferFailure::TooLarge { limit: 100_000 });
        assert_eq!(listing(&root), [""; 0]);
    }
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Two files that live in one archive; the first has an address of its own that is tried before.
fn packed() -> &'static Origin {
    origin_of(vec![
        RemoteFile {
            name: "a.csv",
            accepted: leak(vec![digest(&content())]),
            addresses: &[
                Address::File("https://example.org/gone/a.csv"),
                Address::Member { archive: "https://example.org/all.zip", member: "a.csv" },
            ],
            blanked: &[],
        },
        RemoteFile {
            name: "b.csv",
            accepted: leak(vec![digest(b"x,y\n1,2\n")]),
            addresses: &[Address::Member { archive: "https://example.org/all.zip", member: "b.csv" }],
            blanked: &[],
        },
    ])
}

fn serve_zip(zip: Vec<u8>) -> Server {
    Server::start(move |request, _| if request.path.ends_with("all.zip") { Answer::whole(&zip) } else { Answer::status(404) })
}

#[test]
fn an_archive_is_fetched_once_unpacked_and_removed() {
    let server = serve_zip(zip_of(&[("readme.txt", b"hello"), ("data/a.csv", &content()), ("b.csv", b"x,y\n1,2\n")]));
    let root = TempDir::new().unwrap();
    let fetched = run(packed(), &root, &network(&server)).unwrap();
    assert_eq!(fetched.files.iter().map(|file| file.name).collect::<Vec<_>>(), ["a.csv", "b.csv"]);
    assert_eq!(stored(&root, "a.csv"), content());
    assert_eq!(listing(&root), ["SHA256SUMS", "a.csv", "b.csv"]);
    assert_eq!(server.requests().iter().filter(|request| request.path.ends_with("all.zip")).count(), 1);
}

#[test]
fn archives_that_are_broken_lack_the_file_or_reach_outside_leave_nothing() {
    let outside = |name: &str| {
        // The writer may refuse such a name, so a harmless one of the same length is overwritten in the bytes.
        let harmless = "h".repeat(name.len());
        let mut zip = zip_of(&[(harmless.as_str(), b"evil"), ("a.csv", &content()), ("b.csv", b"x,y\n1,2\n")]);
        while let Some(at) = zip.windows(name.len()).position(|window| window == harmless.as_bytes()) {
            zip[at..at + name.len()].copy_from_slice(name.as_bytes());
        }
        zip
    };
    let whole = zip_of(&[("a.csv", &content()), ("b.csv", b"x,y\n1,2\n")]);
    let mut damaged = whole.clone();
    damaged[5_000] ^= 0xff;
    let mut bomb = content();
    bomb.push(0);
    // The first file has another address whose failure would be told; the second has only the archive.
    let origin = origin_of(vec![packed().files[1]]);
    let cases = [
        (b"<html>not a zip</html>".to_vec(), "Archive"),
        (whole[..whole.len() - 30].to_vec(), "Archive"),
        (zip_of(&[("c.csv", b"1")]), "Archive"),
        (zip_of(&[("b.csv", b"x,y\n1,3\n")]), "WrongHash"),
        (zip_of(&[("b.csv", &bomb)]), "Archive"),
        (outside("../../evil"), "UnsafeArchive"),
        (outside("/etc/evil1"), "UnsafeArchive"),
        (outside("C:\\evil-12"), "UnsafeArchive"),
    ];
    for (number, (zip, kind)) in cases.into_iter().enumerate() {
        let server = serve_zip(zip);
        let root = TempDir::new().unwrap();
        let error = run(origin, &root, &network(&server)).unwrap_err();
        assert!(format!("{error:?}").starts_with(kind), "case {number}: {error}");
        assert_eq!(listing(&root), [""; 0], "case {number}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "case {number}: nothing beside the corpus folder");
    }
    let server = serve_zip(damaged);
    let root = TempDir::new().unwrap();
    let error = run(packed(), &root, &network(&server)).unwrap_err();
    assert!(matches!(error, FetchError::Transfer { failure: TransferFailure::Status(404), .. }), "the first address is told: {error}");
    assert_eq!(listing(&root), [""; 0]);
}

#[test]
fn a_local_folder_a_subfolder_and_a_zip_serve_as_well() {
    let place = TempDir::new().unwrap();
    let from = |path: &Path| Source::Folder(path.to_owned());
    let origin = sample();

    let root = TempDir::new().unwrap();
    let message = run(origin, &root, &from(place.path())).unwrap_err().to_string();
    assert!(message.contains("`sample.csv` is not in") && message.contains("--from"), "{message}");
    assert!(run(origin, &root, &from(&place.path().join("nowhere"))).is_err());
    assert_eq!(listing(&root), [""; 0]);

    fs::write(place.path().join("sample.csv"), b"something else").unwrap();
    assert!(matches!(run(origin, &root, &from(place.path())), Err(FetchError::WrongHash { .. })));
    assert_eq!(listing(&root), [""; 0]);
    assert_eq!(fs::read(place.path().join("sample.csv")).unwrap(), b"something else", "the user's file is left alone");

    fs::write(place.path().join("sample.csv"), content()).unwrap();
    run(origin, &root, &from(place.path())).unwrap();
    assert_eq!(listing(&root), ["SHA256SUMS", "sample.csv"]);

    let sub = TempDir::new().unwrap();
    fs::create_dir(sub.path().join("sample")).unwrap();
    fs::write(sub.path().join("sample/sample.csv"), content()).unwrap();
    run(origin, &TempDir::new().unwrap(), &from(sub.path())).unwrap();

    let zipped = TempDir::new().unwrap();
    fs::write(zipped.path().join("archive.zip"), zip_of(&[("inner/sample.csv", &content())])).unwrap();
    let root = TempDir::new().unwrap();
    run(origin, &root, &from(zipped.path())).unwrap();
    assert_eq!(listing(&root), ["SHA256SUMS", "sample.csv"]);
    run(origin, &TempDir::new().unwrap(), &from(&zipped.path().join("archive.zip"))).unwrap();
}

#[test]
fn names_of_people_are_emptied_before_the_file_is_stored() {
    let original = b"id,name,score\n1,Ada Lovelace,.9\n2,\"Hopper, Grace\",.8\n";
    let emptied = b"id,name,score\n1,,.9\n2,,.8\n";
    let origin = origin_of(vec![RemoteFile {
        name: "people.csv",
        accepted: leak(vec![digest(original)]),
        addresses: &[Address::File("https://example.org/people.csv")],
        blanked: &["name"],
    }]);
    let server = Server::start(|_, _| Answer::whole(original));
    let root = TempDir::new().unwrap();
    let fetched = run(origin, &root, &network(&server)).unwrap();
    assert_eq!(stored(&root, "people.csv"), emptied);
    assert_eq!(listing(&root), ["SHA256SUMS", "people.csv"]);
    assert_eq!(fetched.files[0].sha256, sha256(emptied));
    assert!(!run(origin, &root, &network(&server)).unwrap().files[0].new, "known by its record");
    assert_eq!(server.requests().len(), 1);

    // An original that the user put there by hand is emptied in place; a local copy on its way in.
    fs::write(root.path().join("sample/people.csv"), original).unwrap();
    assert!(run(origin, &root, &network(&server)).unwrap().files[0].new);
    assert_eq!(stored(&root, "people.csv"), emptied);
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("people.csv"), original).unwrap();
    let root = TempDir::new().unwrap();
    run(origin, &root, &Source::Folder(place.path().to_owned())).unwrap();
    assert_eq!(stored(&root, "people.csv"), emptied);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_corpus_behind_an_account_names_its_page() {
    let root = TempDir::new().unwrap();
    let message = fetch("utrecht_recruitment", root.path(), &Source::default(), &mut |_| {}).unwrap_err().to_string();
    assert!(message.contains("https://www.kaggle.com/datasets/ictinstitute/utrecht-fairness-recruitment-dataset"), "{message}");
    assert!(message.contains("evenhand fetch utrecht-recruitment --from FOLDER"), "{message}");
}

#[test]
fn two_fetches_of_one_file_do_not_write_into_each_other() {
    let root = TempDir::new().unwrap();
    put_part(&root, b"abc", None);
    let held = fs::OpenOptions::new().write(true).open(root.path().join("sample/sample.csv.part")).unwrap();
    held.lock().unwrap();
    let server = Server::start(|_, _| Answer::whole(&content()));
    assert!(matches!(run(sample(), &root, &network(&server)), Err(FetchError::Busy { .. })));
    drop(held);
    let other = evenhand_data::lock::hold(&root.path().join("sample")).unwrap();
    let refused = run(sample(), &root, &network(&server)).unwrap_err();
    assert!(refused.to_string().contains("is being written by another `evenhand fetch`"), "{refused}");
    drop(other);
    run(sample(), &root, &network(&server)).unwrap();
    assert!(!root.path().join("sample/lock").exists());
    // A run that was cut off before it wrote down what it had stored.
    let sums = root.path().join("sample/SHA256SUMS");
    let written = fs::read(&sums).unwrap();
    fs::remove_file(&sums).unwrap();
    run(sample(), &root, &network(&server)).unwrap();
    assert_eq!(fs::read(&sums).unwrap(), written);
}
