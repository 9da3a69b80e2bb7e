//! Retrieval over real sockets.

use std::sync::Arc;

use bytes::Bytes;
use codec::TransferSyntax;

use super::fixtures::{SERIES, STUDY, Service, image, instance, pixels, series};
use crate::dicomweb::rendered::{RenderError, RenderFrame, RenderRequest};
use crate::events::Boxed;
use crate::http::tests::{Answer, send};
use crate::storage::Hash;
use crate::transcode::{self, transcode};

/// The contents of a body of several parts.
fn parts(answer: &Answer) -> Vec<Vec<u8>> {
    // The head is in lower case, and so are our boundaries.
    let boundary = answer
        .header("content-type")
        .unwrap()
        .split("boundary=\"")
        .nth(1)
        .unwrap();
    let delimiter = format!("\r\n--{}", boundary.trim_end_matches('"'));
    let body = &answer.body;
    let places: Vec<usize> = (0..body.len())
        .filter(|at| body[*at..].starts_with(delimiter.as_bytes()))
        .collect();
    let part = |pair: &[usize]| {
        let part = &body[pair[0] + delimiter.len()..pair[1]];
        let head = part.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        part[head + 4..].to_vec()
    };
    places.windows(2).map(part).collect()
}

fn in_syntax(object: &[u8], to: TransferSyntax) -> Vec<u8> {
    let object = Bytes::from(object.to_vec());
    transcode(&object, to, transcode::Limits::default())
        .unwrap()
        .to_vec()
}

#[tokio::test]
async fn each_resource_in_each_media_type() {
    let one = image(1, 16, 1);
    let jls = in_syntax(&image(2, 16, 3), TransferSyntax::JpegLsLossless);
    let service = Service::of(&[one, jls]).await;
    let (study, series) = (format!("/dicom-web/studies/{STUDY}"), series());
    let (native, compressed) = (instance(1), instance(2));
    let multipart = "multipart/related; type=\"application/dicom\"";
    let octets = "multipart/related; type=\"application/octet-stream\"";
    for (path, accept, status, content_type) in [
        (study.clone(), "", 200, multipart),
        (study.clone(), multipart, 200, multipart),
        (study.clone(), "application/dicom", 406, ""),
        (study.clone(), "image/png", 406, ""),
        (
            series.clone(),
            &format!("{multipart}; transfer-syntax=*"),
            200,
            multipart,
        ),
        (
            series.clone(),
            &format!("{multipart}; transfer-syntax=1.2.840.10008.1.2.4.50"),
            406,
            "",
        ),
        (
            series.clone(),
            &format!("{multipart}; transfer-syntax=1.2.840.10008.1.2.4.201"),
            200,
            multipart,
        ),
        (native.clone(), "application/dicom", 200, "application/dicom"),
        (
            native.clone(),
            "application/dicom; transfer-syntax=1.2.840.10008.1.2.5",
            200,
            "application/dicom",
        ),
        (
            native.clone(),
            "application/dicom; transfer-syntax=1.2.3",
            406,
            "",
        ),
        (native.clone(), "*/*", 200, multipart),
        (format!("{study}/metadata"), "", 200, "application/dicom+json"),
        (
            format!("{series}/metadata"),
            "application/json",
            200,
            "application/json",
        ),
        (
            format!("{native}/metadata"),
            "multipart/related; type=\"application/dicom+xml\"",
            200,
            "multipart/related; type=\"application/dicom+xml\"",
        ),
        (format!("{native}/metadata"), "text/html", 406, ""),
        (
            format!("{native}/metadata?accept=application/dicom%2Bjson"),
            "text/html",
            200,
            "application/dicom+json",
        ),
        (format!("{native}/frames/1"), "", 200, octets),
        (
            format!("{native}/frames/1"),
            "application/octet-stream",
            200,
            "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
        ),
        (
            format!("{native}/frames/1"),
            "image/jls",
            200,
            "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80",
        ),
        (
            format!("{native}/frames/1"),
            "multipart/related; type=\"image/jphc\"",
            200,
            "multipart/related; type=\"image/jphc\"",
        ),
        (format!("{native}/frames/1"), "image/gif", 406, ""),
        (
            format!("{compressed}/frames/1,3"),
            "",
            200,
            "multipart/related; type=\"image/jls\"",
        ),
        (
            format!("{compressed}/frames/2"),
            "image/jls",
            200,
            "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80",
        ),
        (
            format!("{compressed}/frames/2"),
            "image/jp2",
            200,
            "image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90",
        ),
        (
            format!("{compressed}/frames/2"),
            "image/dicom-rle",
            200,
            "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5",
        ),
        (
            format!("{compressed}/frames/2"),
            "image/jpeg",
            200,
            "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70",
        ),
        (
            format!("{compressed}/frames/2"),
            "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50",
            406,
            "",
        ),
        (format!("{compressed}/frames/1,2"), octets, 200, octets),
        (
            format!("{compressed}/frames/1,2"),
            &format!("{octets}; transfer-syntax=*"),
            200,
            octets,
        ),
        (format!("{compressed}/frames/4"), "", 404, ""),
        (format!("{native}/bulkdata/7FE00010"), "", 200, octets),
        (
            format!("{native}/bulkdata/7FE00010"),
            "application/octet-stream",
            200,
            "application/octet-stream",
        ),
        (
            format!("{native}/bulkdata/00291001"),
            "application/octet-stream",
            200,
            "application/octet-stream",
        ),
        (format!("{native}/bulkdata/00291002"), "", 404, ""),
        (format!("{native}/bulkdata/7FE00008"), "", 404, ""),
        (
            format!("{compressed}/bulkdata/7FE00010"),
            "",
            200,
            "multipart/related; type=\"image/jls\"",
        ),
        (format!("{native}/rendered"), "", 501, ""),
        (format!("{series}/thumbnail"), "", 501, ""),
        (format!("{native}/frames/1/rendered"), "", 501, ""),
        ("/dicom-web/studies/2.25.7".to_owned(), "", 404, ""),
        ("/dicom-web/studies/2.25.7/metadata".to_owned(), "", 404, ""),
        (format!("{study}/series/2.25.8/metadata"), "", 404, ""),
        (format!("{series}/instances/2.25.9/frames/1"), "", 404, ""),
    ] {
        let header = if accept.is_empty() {
            String::new()
        } else {
            format!("accept: {accept}\r\n")
        };
        let answer = service.get(&path, &header).await;
        let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]);
        assert_eq!(answer.status, status, "{path} {accept}: {text}");
        if status == 200 {
            let found = answer.header("content-type").unwrap();
            assert!(found.starts_with(content_type), "{path} {accept}: {found}");
            assert!(answer.header("cache-control").unwrap().starts_with("private"));
            let etag = answer.header("etag").unwrap();
            let again = service
                .get(&path, &format!("{header}if-none-match: {etag}\r\n"))
                .await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {accept}");
            let head = send(service.port, "HEAD", &path, &header, b"").await;
            assert_eq!((head.status, head.body.len()), (200, 0), "{path} {accept}");
        }
    }
}

#[tokio::test]
async fn what_was_received_comes_back_byte_for_byte() {
    let native = image(1, 16, 1);
    let large = image(2, 64, 300);
    let jls = in_syntax(&image(3, 16, 3), TransferSyntax::JpegLsLossless);
    let objects = [native.clone(), large.clone(), jls.clone()];
    let service = Service::of(&objects).await;
    let stored = "accept: multipart/related; type=\"application/dicom\"; transfer-syntax=*\r\n";
    let answer = service.get(&series(), stored).await;
    assert!(parts(&answer) == objects);
    for (number, object) in (1..).zip(&objects) {
        let answer = service
            .get(
                &instance(number),
                "accept: application/dicom; transfer-syntax=*\r\n",
            )
            .await;
        assert!(answer.body == *object);
    }
    // Without a syntax the default is explicit little endian, and the pixels are the same.
    let answer = service.get(&instance(3), "accept: application/dicom\r\n").await;
    assert!(answer.body.ends_with(&pixels(3, 16, 3)));
    // Frames of the large one, whose blocks are verified one by one.
    for frame in [1, 150, 300] {
        let path = format!("{}/frames/{frame}", instance(2));
        let answer = service.get(&path, "accept: application/octet-stream\r\n").await;
        let bytes = 64 * 64 * 2;
        assert!(answer.body == pixels(2, 64, 300)[(frame - 1) * bytes..frame * bytes]);
    }
    let path = format!("{}/frames/3,1", instance(3));
    let answer = service
        .get(
            &path,
            "accept: multipart/related; type=\"application/octet-stream\"\r\n",
        )
        .await;
    let all = pixels(3, 16, 3);
    assert!(parts(&answer) == [all[1024..].to_vec(), all[..512].to_vec()]);
    let stored = service
        .get(&format!("{}/frames/2", instance(3)), "accept: image/jls\r\n")
        .await;
    assert!(jls.windows(stored.body.len()).any(|window| window == stored.body));
    // The addresses that metadata name are good.
    let metadata = service.get(&format!("{}/metadata", instance(1)), "").await.json();
    let uri = metadata[0]["00291001"]["BulkDataURI"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = uri.strip_prefix("http://localhost").unwrap();
    let answer = service.get(path, "accept: application/octet-stream\r\n").await;
    assert_eq!(answer.body, [9; 2000]);
}

#[tokio::test]
async fn ranges_of_single_parts() {
    let object = image(1, 64, 200);
    let service = Service::of(std::slice::from_ref(&object)).await;
    let total = object.len();
    let accept = "accept: application/dicom; transfer-syntax=*\r\n";
    let etag = {
        let answer = service.get(&instance(1), accept).await;
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        answer.header("etag").unwrap().to_owned()
    };
    for (range, status, expected) in [
        ("bytes=0-9".to_owned(), 206, 0..10),
        ("bytes=1000000-1200000".to_owned(), 206, 1_000_000..1_200_001),
        ("bytes=-5".to_owned(), 206, total - 5..total),
        (format!("bytes={total}-"), 416, 0..0),
        ("bytes=0-1,4-5".to_owned(), 200, 0..total),
    ] {
        let answer = service
            .get(
                &instance(1),
                &format!("{accept}range: {range}\r\nif-range: {etag}\r\n"),
            )
            .await;
        assert_eq!(answer.status, status, "{range}");
        assert!(answer.body == object[expected.clone()], "{range}");
        let content_range = match status {
            206 => Some(format!("bytes {}-{}/{total}", expected.start, expected.end - 1)),
            416 => Some(format!("bytes */{total}")),
            _ => None,
        };
        assert_eq!(
            answer.header("content-range"),
            content_range.as_deref(),
            "{range}"
        );
    }
    let answer = service
        .get(
            &instance(1),
            &format!("{accept}range: bytes=0-9\r\nif-range: \"x\"\r\n"),
        )
        .await;
    assert_eq!(answer.status, 200);
    let pixels_at = total - pixels(1, 64, 200).len();
    let path = format!("{}/bulkdata/7FE00010", instance(1));
    let answer = service
        .get(
            &path,
            "accept: application/octet-stream\r\nrange: bytes=100-199\r\n",
        )
        .await;
    assert_eq!(answer.status, 206);
    assert!(answer.body == object[pixels_at + 100..pixels_at + 200]);
}

#[tokio::test]
async fn a_flipped_byte_is_never_given_as_good() {
    for side in [16, 64] {
        let object = image(1, side, 300);
        let service = Service::of(std::slice::from_ref(&object)).await;
        // Known and remembered as good before it turns.
        let frame = format!("{}/frames/300", instance(1));
        assert_eq!(service.get(&frame, "").await.status, 200);
        let hash = Hash::of(&object).to_string();
        let path = service
            .folder
            .path()
            .join(format!("objects/objects/{}/{hash}", &hash[..2]));
        let mut damaged = object.clone();
        *damaged.last_mut().unwrap() ^= 1;
        std::fs::write(path, damaged).unwrap();
        for (path, accept) in [
            (instance(1), "application/dicom; transfer-syntax=*"),
            (
                instance(1),
                "application/dicom; transfer-syntax=1.2.840.10008.1.2",
            ),
            (frame.clone(), "application/octet-stream"),
            (frame, "image/jls"),
            (
                format!("{}/bulkdata/7FE00010", instance(1)),
                "application/octet-stream",
            ),
            (
                series(),
                "multipart/related; type=\"application/dicom\"; transfer-syntax=*",
            ),
        ] {
            let answer = service.get(&path, &format!("accept: {accept}\r\n")).await;
            // A long answer that began before the block was reached is broken off.
            let ends = answer.body.ends_with(b"--\r\n") || answer.body.len() == object.len();
            let is_broken_off = answer.status == 200 && object.len() > 1 << 20 && !ends;
            assert!(
                answer.status == 500 || is_broken_off,
                "{side} {path} {accept}: {}",
                answer.status
            );
        }
    }
}

#[tokio::test]
async fn hostile_addresses_are_refused() {
    let service = Service::of(&[image(1, 8, 2)]).await;
    let list = vec!["1"; 10_000].join(",");
    for (path, status) in [
        ("/dicom-web/studies/../../etc/passwd".to_owned(), 404),
        ("/dicom-web/studies/..".to_owned(), 404),
        ("/dicom-web/studies/%2e%2e%2f%2e%2e".to_owned(), 400),
        (format!("/dicom-web/studies/{}", "1".repeat(65)), 400),
        (format!("/dicom-web/studies/{STUDY}/series/*/metadata"), 400),
        (format!("{}/frames/0", instance(1)), 400),
        (format!("{}/frames/4294967295", instance(1)), 404),
        (format!("{}/frames/4294967296", instance(1)), 400),
        (format!("{}/frames/one", instance(1)), 400),
        (format!("{}/frames/{list}", instance(1)), 400),
        (format!("{}/bulkdata/../../x", instance(1)), 400),
        (format!("{}/bulkdata/7FE0001", instance(1)), 400),
        (format!("{}/bulkdata/00081140/0", instance(1)), 400),
        (format!("{}/bulkdata/00081140/0/00081150", instance(1)), 404),
        (
            format!("{}/bulkdata/{}", instance(1), "00081140/0/".repeat(500)),
            400,
        ),
        (format!("{}/metadata?accept=%ZZ", instance(1)), 400),
        ("/wado".to_owned(), 400),
        (
            format!("/wado?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID=.."),
            404,
        ),
    ] {
        let answer = service.get(&path, "").await;
        assert_eq!(answer.status, status, "{path}");
    }
    let contradictory = "accept: application/dicom;q=0, multipart/related;q=0\r\n";
    assert_eq!(service.get(&instance(1), contradictory).await.status, 406);
}

#[derive(Debug)]
struct Drawing;

impl RenderFrame for Drawing {
    fn render(&self, request: RenderRequest) -> Boxed<'_, Result<Bytes, RenderError>> {
        Box::pin(async move {
            if request.frame > 2 {
                return Err(RenderError::NotDrawable("no such frame".to_owned()));
            }
            Ok(format!(
                "{} {:?} {:?}",
                request.media_type, request.viewport, request.window
            )
            .into())
        })
    }
}

#[tokio::test]
async fn whoever_draws_is_asked() {
    let service = Service::drawing(&[image(1, 8, 2)], Some(Arc::new(Drawing))).await;
    let base = instance(1);
    for (path, status, body) in [
        (format!("{base}/rendered"), 200, "image/jpeg None None"),
        (
            format!("{base}/rendered?viewport=10,20&window=40,400,linear"),
            200,
            "image/jpeg Some((10, 20)) Some((40.0, 400.0))",
        ),
        (
            format!("{base}/frames/2/rendered?accept=image/png"),
            200,
            "image/png None None",
        ),
        (
            format!("{}/thumbnail", series()),
            200,
            "image/jpeg Some((200, 200)) None",
        ),
        (format!("{base}/frames/3/rendered"), 406, ""),
        (format!("{base}/rendered?viewport=100000,100000"), 400, ""),
        (format!("{base}/rendered?window=1,nan"), 400, ""),
        (format!("{base}/rendered?accept=text/html"), 406, ""),
        (
            format!(
                "/wado?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID=2.25.1&contentType=image/jpeg"
            ),
            200,
            "image/jpeg None None",
        ),
    ] {
        let answer = service.get(&path, "").await;
        assert_eq!(answer.status, status, "{path}");
        if status == 200 {
            assert_eq!(String::from_utf8_lossy(&answer.body), body, "{path}");
        }
    }
}

#[tokio::test]
async fn one_object_by_parameters() {
    let object = image(1, 8, 2);
    let service = Service::of(std::slice::from_ref(&object)).await;
    let path = format!("/wado?requestType=WADO&studyUID={STUDY}&seriesUID={SERIES}&objectUID=2.25.1");
    for (more, status) in [
        ("", 200),
        ("&contentType=application/dicom", 200),
        (
            "&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2.4.80",
            200,
        ),
        ("&contentType=application/dicom&transferSyntax=1.2.3", 406),
        ("&contentType=image/jpeg", 501),
        ("&contentType=text/plain", 406),
        ("&contentType=application/dicom&anonymize=yes", 501),
    ] {
        let answer = service.get(&format!("{path}{more}"), "").await;
        assert_eq!(answer.status, status, "{more}");
        if status == 200 && !more.contains("transferSyntax") {
            assert!(answer.body == object);
        }
    }
    assert_eq!(
        service.get(&path.replace("=2.25.1", "=2.25.4"), "").await.status,
        404
    );
}
