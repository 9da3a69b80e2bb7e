//! Measures searching and storing over HTTP: `cargo run --release -p pacs --example dicomweb_speed -- 100000 FOLDER`.
//!
//! Searches are over an index of so many synthetic studies, which stays in the folder; objects are stored in a folder
//! beside, of 526 kB each, as a PET or CT slice is.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on must fail")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pacs::access::Open;
use pacs::http::{App, Limits, router, serve};
use pacs::index::{Index, Level, Place, Query, generator};
use pacs::ingest::{self, Ingest};
use pacs::services::Archive;
use pacs::storage::Storage;

const OBJECT_BYTES: usize = 526_000;

#[tokio::main]
async fn main() {
    let studies: u64 = std::env::args()
        .nth(1)
        .map_or(100_000, |count| count.parse().unwrap());
    let folder = std::env::args().nth(2).expect("a folder");
    let folder = Path::new(&folder);
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let client = reqwest::Client::new();
    let (searched, index) = start(&folder.join("searched")).await;
    if index.count(&Query::all(Level::Study)).await.unwrap() == 0 {
        let mut facts = generator::generate(7, studies);
        loop {
            let batch: Vec<_> = facts.by_ref().take(2000).collect();
            if batch.is_empty() {
                break;
            }
            index.add_all(batch).await.unwrap();
        }
    }
    type Text = fn(u64) -> String;
    let cases: [(&str, Text); 10] = [
        ("patient id", |n| {
            format!("studies?PatientID=P{:07}", n * 131 % 30_000)
        }),
        ("accession number", |n| {
            format!("studies?AccessionNumber=A{:08}", n * 977 % 90_000)
        }),
        ("study uid", |n| {
            format!("studies?StudyInstanceUID=2.25.7.{}", n * 977 % 90_000)
        }),
        ("name, surname", |n| {
            format!(
                "studies?limit=50&PatientName={}",
                ["王*", "司徒*", "Zhang*", "欧阳*"][n as usize % 4]
            )
        }),
        ("name, within", |n| {
            format!(
                "studies?limit=50&PatientName={}",
                ["*秀英", "*桂国*", "*xue"][n as usize % 3]
            )
        }),
        ("a week", |n| {
            format!("studies?limit=50&StudyDate=2015{0:02}01-2015{0:02}07", n % 12 + 1)
        }),
        ("modality, first page", |_| {
            "studies?limit=50&ModalitiesInStudy=PT".to_owned()
        }),
        ("series of a study", |n| {
            format!("studies/2.25.7.{}/series", n * 977 % 90_000)
        }),
        ("a series uid alone", |n| {
            format!("series?SeriesInstanceUID=2.25.7.{}.1", n * 977 % 90_000)
        }),
        ("tracer and activity", |n| {
            let items = "RadiopharmaceuticalInformationSequence";
            let from = 250_000_000 + n * 450_000;
            format!(
                "series?limit=50&{items}.Radiopharmaceutical=Fluoro*&{items}.RadionuclideTotalDose={from}-{}",
                from + 1000
            )
        }),
    ];
    for (name, path) in cases {
        let (mut times, mut bytes) = (Vec::new(), 0);
        for number in 0..200 {
            let begun = Instant::now();
            let url = format!("{searched}/{}", path(number));
            let answer = client.get(url).send().await.unwrap();
            assert!(answer.status().is_success(), "{name}");
            bytes += answer.bytes().await.unwrap().len();
            times.push(begun.elapsed());
        }
        report(name, times, bytes / 200);
    }
    let (stored, _) = start(&folder.join("stored")).await;
    for (batch, requests, connections) in [(1, 200, 1), (1, 100, 4), (20, 20, 1), (20, 10, 4)] {
        let begun = Instant::now();
        let tasks = (0..connections).map(|connection| {
            let (client, stored) = (client.clone(), stored.clone());
            tokio::spawn(async move {
                for request in 0..requests {
                    let first = (connection * requests + request) * batch;
                    store(
                        &client,
                        &stored,
                        connections * 100_000 + batch * 10_000_000 + first,
                        batch,
                    )
                    .await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let rate = (batch * requests * connections) as f64 / begun.elapsed().as_secs_f64();
        println!("STOW of {batch:2} objects, {connections} connections: {rate:6.0} objects/s");
    }
}

/// Serves an archive in a folder; gives the address of DICOMweb.
async fn start(folder: &Path) -> (String, Index) {
    std::fs::create_dir_all(folder).unwrap();
    let storage = Storage::local(&folder.join("objects")).unwrap();
    let index = Index::open(&Place::Sqlite(folder.join("index.sqlite")))
        .await
        .unwrap();
    let limits = ingest::Limits::default();
    let ingest = Ingest::new(storage.clone(), index.clone(), limits).await.unwrap();
    let archive = Archive::new(ingest, index.clone(), storage, "UPTAKE", Default::default());
    let app = App::new(archive, Arc::new(Open));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/dicom-web", listener.local_addr().unwrap());
    tokio::spawn(serve(
        listener,
        router(app),
        None,
        Limits::default(),
        std::future::pending(),
    ));
    (address, index)
}

async fn store(client: &reqwest::Client, service: &str, first: usize, batch: usize) {
    let mut body = Vec::with_capacity(batch * (OBJECT_BYTES + 1000));
    for number in first..first + batch {
        body.extend(b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n");
        object(number, &mut body);
    }
    body.extend(b"\r\n--b--\r\n");
    let request = client.post(format!("{service}/studies"));
    let content_type = "multipart/related; type=\"application/dicom\"; boundary=b";
    let answer = request
        .header("content-type", content_type)
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
}

/// A slice of explicit little endian, its own number in its UID and in its pixels.
fn object(number: usize, to: &mut Vec<u8>) {
    to.extend([0; 128]);
    to.extend(b"DICM");
    let mut put = |group: u16, element: u16, vr: &str, value: &str| {
        let length = value.len().next_multiple_of(2);
        to.extend(group.to_le_bytes());
        to.extend(element.to_le_bytes());
        to.extend(vr.as_bytes());
        to.extend((length as u16).to_le_bytes());
        to.extend(value.as_bytes());
        to.extend(vec![0; length - value.len()]);
    };
    let class = "1.2.840.10008.5.1.4.1.1.2";
    let uid = format!("2.25.{number}");
    put(0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1");
    put(0x0008, 0x0016, "UI", class);
    put(0x0008, 0x0018, "UI", &uid);
    put(0x0020, 0x000D, "UI", &format!("2.25.{}", number / 200));
    put(0x0020, 0x000E, "UI", &format!("2.25.{}.1", number / 200));
    to.extend([0xE0, 0x7F, 0x10, 0x00, b'O', b'W', 0, 0]);
    to.extend((OBJECT_BYTES as u32).to_le_bytes());
    let pixels = (0..OBJECT_BYTES).map(|at| (at ^ number) as u8);
    to.extend(pixels);
}

fn report(name: &str, mut times: Vec<Duration>, bytes: usize) {
    times.sort();
    let at = |part: usize| times[times.len() * part / 100];
    println!("{name:22} p50 {:8.2?} p95 {:8.2?}, {bytes} bytes", at(50), at(95));
}
