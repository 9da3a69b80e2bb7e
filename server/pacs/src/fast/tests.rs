//! Streams over real sockets.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use bytes::Bytes;
use codec::{FrameDescription, Photometric, TransferSyntax, compression};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::Service as _;

use super::{Ahead, KeptFrames, MAGIC};
use crate::access::Open;
use crate::compression::{Compressor, Kept, Policy};
use crate::corrections::tests::archive;
use crate::dicomweb::wado::fixtures::{SERIES, STUDY, Service, image, pixels};
use crate::http::{App, router};
use crate::services::Archive;
use crate::storage::Hash;
use crate::test_folder::TestFolder;
use crate::transcode::{self, transcode};

fn path() -> String {
    format!("/viewer/v1/series/{STUDY}/{SERIES}")
}

#[derive(Debug)]
struct Chunk {
    kind: u32,
    number: u32,
    place: u32,
    coding: u32,
    content: Vec<u8>,
}

/// Reads a stream as the protocol's document has it.
fn read(body: &[u8]) -> (Value, Vec<Chunk>) {
    assert_eq!(&body[..8], MAGIC);
    let word = |at: usize| u32::from_le_bytes(body[at..at + 4].try_into().unwrap());
    let length = word(8) as usize;
    let header = serde_json::from_slice(&body[12..12 + length]).unwrap();
    let (mut at, mut chunks) = (12 + length, Vec::new());
    while at < body.len() {
        let length = word(at + 16) as usize;
        chunks.push(Chunk {
            kind: word(at),
            number: word(at + 4),
            place: word(at + 8),
            coding: word(at + 12),
            content: body[at + 20..at + 20 + length].to_vec(),
        });
        at += 20 + length;
    }
    (header, chunks)
}

fn decoded(chunk: &Chunk, side: u32) -> Vec<u8> {
    if chunk.coding == 0 {
        return chunk.content.clone();
    }
    let description = FrameDescription {
        rows: side,
        columns: side,
        samples_per_pixel: 1,
        bits_allocated: 16,
        bits_stored: 12,
        high_bit: 11,
        signed: false,
        planar: false,
        photometric: Photometric::Monochrome2,
    };
    let mut values = vec![0; description.frame_bytes().unwrap()];
    let decoder = compression::decoder_for(TransferSyntax::JpegLsLossless).unwrap();
    decoder.decode(&chunk.content, &description, &mut values).unwrap();
    values
}

#[tokio::test]
async fn a_series_in_viewing_order_overview_first() {
    let mut objects: Vec<_> = (1..=3).map(|number| image(number, 32, 1)).collect();
    // One is stored compressed, and travels as it is.
    let compressed = transcode(
        &Bytes::from(objects[1].clone()),
        TransferSyntax::JpegLsLossless,
        transcode::Limits::default(),
    );
    objects[1] = compressed.unwrap().to_vec();
    let service = Service::of(&objects).await;
    let answer = service.get(&path(), "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some(super::MEDIA_TYPE));
    let (header, chunks) = read(&answer.body);
    assert_eq!(header["version"], 1);
    assert_eq!(header["order"], "position");
    // The highest number lies lowest.
    let uids: Vec<_> = header["frames"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["sop_instance_uid"].as_str().unwrap())
        .collect();
    assert_eq!(uids, ["2.25.3", "2.25.2", "2.25.1"]);
    assert_eq!(header["common"]["PixelSpacing"], serde_json::json!([0.9, 0.9]));
    assert_eq!(header["common"]["RescaleIntercept"], serde_json::json!([-1024.0]));
    assert_eq!(
        header["frames"][0]["ImagePositionPatient"],
        serde_json::json!([0.0, 0.0, -7.5])
    );
    assert_eq!(
        header["frames"][1]["transfer_syntax_uid"],
        TransferSyntax::JpegLsLossless.uid()
    );
    let kinds: Vec<_> = chunks
        .iter()
        .map(|chunk| (chunk.kind, chunk.number, chunk.place))
        .collect();
    assert_eq!(
        kinds,
        [
            (1, 0, 0),
            (1, 1, 1),
            (1, 2, 2),
            (2, 3, 0),
            (2, 4, 1),
            (2, 5, 2),
            (3, 6, 0)
        ]
    );
    assert_eq!(header["chunks"], 7);
    // Nothing was made ahead, and nothing holds up a link of this machine's.
    assert_eq!(chunks[3].coding, 0);
    assert_eq!(chunks[4].coding, 2);
    for (place, number) in [(0, 3), (1, 2), (2, 1)] {
        let expected = pixels(number, 32, 1);
        assert!(decoded(&chunks[3 + place], 32) == expected);
        let small = decoded(&chunks[place], 8);
        let taken = (0..64).flat_map(|at| {
            let pixel = (at / 8 * 4 * 32 + at % 8 * 4) * 2;
            expected[pixel..pixel + 2].to_vec()
        });
        assert!(small == taken.collect::<Vec<u8>>());
    }
    // What was interrupted goes on, and the second time from memory.
    for from in 0..7 {
        let answer = service.get(&format!("{}?from={from}", path()), "").await;
        let (again, rest) = read(&answer.body);
        assert_eq!(again, header);
        assert_eq!(rest.len(), 7 - from);
        for (chunk, expected) in rest.iter().zip(&chunks[from..]) {
            assert!(chunk.number == expected.number && chunk.content == expected.content);
        }
    }
    let answer = service.get(&format!("{}?overview=none", path()), "").await;
    assert_eq!(read(&answer.body).1.len(), 4);
    let etag = answer.header("etag").unwrap().to_owned();
    let again = service
        .get(
            &format!("{}?overview=none", path()),
            &format!("if-none-match: {etag}\r\n"),
        )
        .await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn frames_of_one_object_and_what_is_refused() {
    let service = Service::of(&[image(1, 16, 5)]).await;
    let (header, chunks) = read(&service.get(&format!("{}?overview=none", path()), "").await.body);
    assert_eq!(header["order"], "number");
    let all: Vec<u8> = chunks[..5].iter().flat_map(|chunk| decoded(chunk, 16)).collect();
    assert!(all == pixels(1, 16, 5));
    for (path, status) in [
        (format!("{}?from=12", path()), 400),
        (format!("{}?from=-1", path()), 400),
        (format!("{}?from=99999999999", path()), 400),
        (format!("{}?overview=half", path()), 400),
        (format!("{}?speed=1", path()), 400),
        (format!("/viewer/v1/series/{STUDY}/2.25.9"), 404),
        (format!("/viewer/v1/series/{STUDY}/a"), 400),
        (format!("/viewer/v2/series/{STUDY}/{SERIES}"), 404),
    ] {
        assert_eq!(service.get(&path, "").await.status, status, "{path}");
    }
}

/// The stream that a service gives that has just started.
async fn stream(archive: &Archive) -> (Value, Vec<Chunk>) {
    let app = App::new(archive.clone(), Arc::new(Open));
    let request = Request::builder().uri(path()).body(Body::empty()).unwrap();
    let response = router(app).call(request).await.unwrap();
    read(&response.into_body().collect().await.unwrap().to_bytes())
}

fn codings(chunks: &[Chunk]) -> Vec<u32> {
    chunks.iter().map(|chunk| chunk.coding).collect()
}

fn kept_files(folder: &TestFolder) -> Vec<PathBuf> {
    let parts = std::fs::read_dir(folder.path().join("viewer")).unwrap();
    let files = parts.flat_map(|part| std::fs::read_dir(part.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[tokio::test]
async fn what_is_made_ahead_is_given_and_may_be_lost() {
    let folder = TestFolder::new("ahead");
    let kept = KeptFrames::open(&folder.path().join("viewer"), 1 << 20).unwrap();
    let archive = archive(folder.path()).await.with_kept_frames(kept.clone());
    for number in 1..=3 {
        archive.ingest().take(&image(number, 32, 1)).await.unwrap();
    }
    let is_right = |chunks: &[Chunk]| {
        (0..3).all(|place| decoded(&chunks[3 + place], 32) == pixels(3 - place as u32, 32, 1))
    };
    let (header, cold) = stream(&archive).await;
    assert!(codings(&cold) == [0; 7] && is_right(&cold));
    let mut ahead = Ahead::new(App::new(archive.clone(), Arc::new(Open)), Duration::from_secs(60));
    // It may still grow.
    assert_eq!(ahead.round(crate::clock::now_ns()).await.unwrap(), 0);
    assert_eq!(ahead.round(i64::MAX).await.unwrap(), 1);
    assert_eq!(ahead.round(i64::MAX).await.unwrap(), 0);
    let (again, warm) = stream(&archive).await;
    assert_eq!(again, header);
    assert!(codings(&warm) == [1, 1, 1, 1, 1, 1, 0] && is_right(&warm));
    for (small, plain) in warm.iter().zip(&cold).take(3) {
        assert!(decoded(small, 8) == plain.content);
    }
    // One that comes later makes the series ready anew, of what is new alone.
    assert_eq!(kept_files(&folder).len(), 6);
    archive.ingest().take(&image(4, 32, 1)).await.unwrap();
    assert_eq!(ahead.round(i64::MAX).await.unwrap(), 1);
    assert_eq!(kept_files(&folder).len(), 8);
    kept.forget_object(Hash::of(&image(4, 32, 1)));
    assert_eq!(kept_files(&folder).len(), 6);
    for (at, file) in kept_files(&folder).iter().enumerate() {
        if at % 2 == 0 {
            std::fs::write(file, b"damaged").unwrap();
        } else {
            std::fs::remove_file(file).unwrap();
        }
    }
    let (_, after) = stream(&archive).await;
    assert_eq!(codings(&after), [0; 9]);
    assert!((0..3).all(|place| decoded(&after[5 + place], 32) == pixels(3 - place as u32, 32, 1)));
}

#[tokio::test]
async fn frames_of_a_compressed_form_go_as_they_lie() {
    let folder = TestFolder::new("ahead");
    let archive = archive(folder.path()).await;
    for number in 1..=3 {
        archive.ingest().take(&image(number, 64, 1)).await.unwrap();
    }
    let before = stream(&archive).await.0;
    let policy = Policy {
        kept: Kept::JpegLs,
        ..Policy::default()
    };
    let compressor = Compressor::new(archive.clone(), policy);
    assert_eq!(compressor.round(i64::MAX, 0, 9).await.unwrap().objects, 3);
    let (header, chunks) = stream(&archive).await;
    assert_ne!(header["etag"], before["etag"]);
    let syntax = TransferSyntax::JpegLsLossless.uid();
    assert!((0..3).all(|frame| header["frames"][frame]["transfer_syntax_uid"] == syntax));
    assert_eq!(codings(&chunks), [0, 0, 0, 2, 2, 2, 0]);
    for place in 0..3 {
        assert!(decoded(&chunks[3 + place], 64) == pixels(3 - place as u32, 64, 1));
    }
}
