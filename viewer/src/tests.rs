//! Synthetic studies, sent in pieces: what arrives is what whole objects give, and who looks is told and drawn for.

use std::ops::Range;
use std::sync::OnceLock;

use codec::TransferSyntax;
use codec::dataset::{Limits, read as parse};
use codec::pixels::{PixelData, PixelValue};
use engine::dicom::read::{self, Instance, collect};
use engine::render::{Cancel, CpuRenderer};
use engine::session::{Arrival, Collection, Department, ImageArrival, Listing, Source};
use serde_json::{Value, json};
use testdata::{Options, Size};

use super::*;

/// Objects of the synthetic studies.
fn objects() -> &'static Vec<Vec<u8>> {
    static OBJECTS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    OBJECTS.get_or_init(|| {
        let mut objects = Vec::new();
        let options = Options {
            size: Size::Tiny,
            seed: 3,
        };
        testdata::files(&options, &|_, _| {}, &mut |_, bytes| {
            if parse(&bytes, Limits::default()).is_ok() {
                objects.push(bytes);
            }
            Ok(())
        })
        .unwrap();
        objects
    })
}

struct Held(&'static [Vec<u8>]);

impl read::Source for Held {
    fn read(&self, key: usize, range: Range<u64>, buffer: &mut Vec<u8>) -> Result<(), String> {
        read::InMemory(self.0).read(key, range, buffer)
    }
}

/// The metadata of an object, as an archive gives it.
fn metadata(bytes: &[u8]) -> String {
    let object = parse(bytes, Limits::default()).unwrap();
    let mut json: Value = dicom_json::to_value(&object.data_set).unwrap();
    let elements = json.as_object_mut().unwrap();
    elements.insert(
        "00083002".to_owned(),
        json!({"vr": "UI", "Value": [object.transfer_syntax_uid]}),
    );
    if let Some(pixels) = &object.pixels {
        let name = match pixels.kind {
            codec::pixels::PixelKind::Integer => "7FE00010",
            codec::pixels::PixelKind::Float => "7FE00008",
            codec::pixels::PixelKind::DoubleFloat => "7FE00009",
        };
        elements.insert(
            name.to_owned(),
            json!({"vr": pixels.vr.to_string(), "BulkDataURI": "elsewhere"}),
        );
    }
    json.to_string()
}

/// A frame as a stream carries it.
struct Sent {
    series: String,
    sop: String,
    frame: u32,
    bytes: Vec<u8>,
}

/// All frames of all objects, decoded to plain cells, those of one bit a pixel left out.
fn frames() -> Vec<Sent> {
    let mut sent = Vec::new();
    for (key, bytes) in objects().iter().enumerate() {
        let object = parse(bytes, Limits::default()).unwrap();
        let Some(located) = object.pixels.clone() else {
            continue;
        };
        let Some(syntax) = object.transfer_syntax else {
            continue;
        };
        let data_set = object.data_set.clone();
        let whole = object.bytes.clone().into_owned();
        let instance = Instance::new(key, object);
        let value = match located.announced {
            Some(_) => PixelValue::Native {
                bytes: &whole[located.range.clone()],
                vr: located.vr,
            },
            None => PixelValue::Encapsulated(&whole[located.range.start..]),
        };
        let Ok((pixels, _)) = PixelData::new(&data_set, syntax, located.kind, value) else {
            continue;
        };
        if pixels.stored().bits_allocated == 1 || pixels.stored().samples_per_pixel > 1 {
            continue;
        }
        for frame in 0..pixels.number_of_frames() {
            sent.push(Sent {
                series: instance.series_instance_uid.clone(),
                sop: instance.sop_instance_uid.clone(),
                frame: frame + 1,
                bytes: pixels.decode_cells(frame).unwrap(),
            });
        }
    }
    sent
}

fn arrivals() -> Arrivals {
    let texts: Vec<String> = objects().iter().map(|bytes| metadata(bytes)).collect();
    let all = format!("[{}]", texts.join(","));
    Arrivals::new(Listing::new(collect(instances(&all, 0).unwrap())))
}

#[test]
fn what_arrives_in_any_order_is_what_whole_objects_give() {
    let whole_objects = objects().iter().enumerate();
    let read: Vec<Instance> = whole_objects
        .map(|(key, bytes)| Instance::new(key, parse(bytes, Limits::default()).unwrap()))
        .collect();
    let collection = Collection::new(collect(read), Held(objects()));
    let arrivals = arrivals();
    let listed = |source: &dyn Source| {
        let facts = source.series().iter();
        facts
            .map(|facts| {
                (
                    facts.key.clone(),
                    facts.grid.clone(),
                    facts.phases,
                    facts.unit.clone(),
                    facts.texts.clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(&arrivals), listed(&collection));
    let mut sent = frames();
    // Every seventh first: no order that anybody would send.
    sent.sort_by_key(|frame| (frame.frame as usize * 31 + frame.sop.len() * 7 + frame.bytes.len()) % 7);
    let (mut volumes, mut images) = (0, 0);
    let keys: Vec<String> = collection
        .series()
        .iter()
        .map(|facts| facts.key.clone())
        .collect();
    for key in &keys {
        let facts = collection
            .series()
            .iter()
            .find(|facts| facts.key == *key)
            .unwrap();
        let series = key.split('#').next().unwrap().to_owned();
        let of: Vec<&Sent> = sent.iter().filter(|frame| frame.series == series).collect();
        if of.is_empty() {
            continue;
        }
        for batch in of.chunks(5) {
            let batch: Vec<Arrived<'_>> = batch
                .iter()
                .map(|frame| Arrived {
                    sop_instance_uid: &frame.sop,
                    frame: frame.frame,
                    syntax: TransferSyntax::ExplicitLittleEndian,
                    bytes: &frame.bytes,
                })
                .collect();
            let put = arrivals.put(&series, &batch);
            assert!(put.is_ok(), "{key}: {put:?}");
        }
        arrivals.finished(&series);
        for phase in 0..facts.phases {
            if facts.planar.is_none() {
                let (found, expected) = (arrivals.volume(key, phase), collection.volume(key, phase));
                assert!(matches!(expected, Arrival::Whole(_)), "{key}: {expected:?}");
                assert!(found == expected, "{key} {phase}");
                volumes += 1;
            }
        }
        for n in 0..facts.planar.as_ref().map_or(0, |_| facts.grid.size()[2]) {
            let (ImageArrival::Whole(found), ImageArrival::Whole(expected)) =
                (arrivals.image(key, n), collection.image(key, n))
            else {
                panic!("{key} {n}");
            };
            assert_eq!(found.planar.values(), expected.planar.values(), "{key} {n}");
            images += 1;
        }
    }
    assert!(volumes > 10 && images > 3, "{volumes} volumes, {images} images");
}

#[test]
fn a_series_without_some_of_its_images_is_never_whole() {
    let arrivals = arrivals();
    let sent = frames();
    let series = sent
        .iter()
        .find(|frame| !frame.series.is_empty())
        .unwrap()
        .series
        .clone();
    let of: Vec<&Sent> = sent.iter().filter(|frame| frame.series == series).collect();
    let first = Arrived {
        sop_instance_uid: &of[0].sop,
        frame: of[0].frame,
        syntax: TransferSyntax::ExplicitLittleEndian,
        bytes: &of[0].bytes,
    };
    arrivals.put(&series, &[first]).unwrap();
    let keys = arrivals.finished(&series);
    let Arrival::Failed(why) = arrivals.volume(&keys[0], 0) else {
        panic!("expected a failure");
    };
    assert!(why.contains("have not come"), "{why}");
    // A frame that is too short says so, and ends the series.
    let short = Arrived {
        bytes: &of[1].bytes[..7],
        ..first
    };
    let error = arrivals.put(&series, &[short]).unwrap_err();
    assert!(error.contains("expected"), "{error}");
}

#[test]
fn what_makes_suv_doubtful_is_told_with_the_series() {
    let short = |bytes: &Vec<u8>| {
        let mut object: Value = serde_json::from_str(&metadata(bytes)).unwrap();
        // Patient's Size, half a metre.
        object["00101020"] = json!({"vr": "DS", "Value": [0.5]});
        object.to_string()
    };
    let texts: Vec<String> = objects().iter().map(short).collect();
    let all = format!("[{}]", texts.join(","));
    let listing = Listing::new(collect(instances(&all, 0).unwrap()));
    let in_suv = listing
        .facts()
        .iter()
        .filter(|facts| facts.unit.label() == "SUVbw");
    let is_said = |remark: &String| remark.starts_with("Body mass index: expected");
    // Of maps whose values are SUV already nothing is converted.
    let told = in_suv.filter(|facts| facts.remarks.iter().any(is_said));
    assert_eq!(told.count(), 2, "the PET, and the other visit's");
}

/// A conversation over a CT that has come, with one viewer of one view.
fn conversation() -> (Conversation, String) {
    let arrivals = arrivals();
    let listing = arrivals.listing();
    let facts = listing.facts();
    let ct = facts
        .iter()
        .filter(|facts| facts.modality() == "CT" && facts.phases == 1);
    let ct = ct.max_by_key(|facts| facts.grid.size()[2]).unwrap().clone();
    for frame in frames().iter().filter(|frame| frame.series == ct.key) {
        let arrived = Arrived {
            sop_instance_uid: &frame.sop,
            frame: frame.frame,
            syntax: TransferSyntax::ExplicitLittleEndian,
            bytes: &frame.bytes,
        };
        arrivals.put(&ct.key, &[arrived]).unwrap();
    }
    arrivals.finished(&ct.key);
    let mut conversation = Conversation::new(arrivals.clone(), Department::default());
    let open = json!({"open": {"studies": [ct.study], "series": ct.key}}).to_string();
    let Says::Open(open) = Says::read(&open).unwrap() else {
        panic!("expected an opening");
    };
    conversation.hang(&open).unwrap();
    conversation.join(1, "one", "zh-CN").unwrap();
    (conversation, ct.key)
}

fn say(conversation: &mut Conversation, text: &Value, now_s: f64) {
    let says = Says::read(&text.to_string()).unwrap();
    conversation.receive(1, says, now_s).unwrap();
}

fn texts(conversation: &mut Conversation) -> Vec<Value> {
    let texts = conversation.take_texts().into_iter();
    texts
        .map(|(_, text)| serde_json::from_str(&text).unwrap())
        .collect()
}

/// Draws and answers what is due; gives how good it was and how large.
fn drawn(conversation: &mut Conversation, now_s: f64) -> Option<(Fidelity, u32)> {
    let due = conversation.due(now_s)?;
    let mut renderer = CpuRenderer::new();
    let drawn = conversation
        .draw(due, &mut renderer, &Cancel::new())
        .unwrap()
        .unwrap();
    let picture = conversation.number();
    conversation.sent(&drawn, picture, 1000, 0.001, now_s);
    say(conversation, &json!({"shown": picture}), now_s);
    Some((due.fidelity, drawn.image.width))
}

#[test]
fn what_moves_is_drawn_in_a_hurry_and_what_rests_exactly() {
    let (mut conversation, key) = conversation();
    let told = texts(&mut conversation);
    assert!(told.iter().any(|text| {
        text["series"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["key"] == key.as_str()))
    }));
    assert!(
        told.iter()
            .any(|text| text["layout"]["screens"][0]["cells"][0]["viewport"] == 1)
    );
    assert_eq!(drawn(&mut conversation, 0.0), None, "no size is known yet");
    say(
        &mut conversation,
        &json!({"sizes": {"1": [320, 300]}, "scale": 1}),
        0.0,
    );
    let told = texts(&mut conversation);
    let view = told.iter().find(|text| text["view"]["viewport"] == 1).unwrap();
    assert_eq!(view["view"]["picture_changes"], true);
    assert_eq!(view["view"]["size"], json!([320, 300]));
    assert!(
        view["view"]["marks"]
            .as_array()
            .is_some_and(|marks| !marks.is_empty())
    );
    assert_eq!(drawn(&mut conversation, 0.0), Some((Fidelity::Still, 320)));
    assert_eq!(drawn(&mut conversation, 0.1), None);
    let next_s = conversation.next_s(0.1).unwrap();
    assert!((0.1..=0.2).contains(&next_s), "{next_s}");
    assert_eq!(
        drawn(&mut conversation, next_s + 1e-6),
        Some((Fidelity::Exact, 320))
    );
    assert_eq!(drawn(&mut conversation, 5.0), None, "all is exact");
    for step in 0..3 {
        let now_s = 10.0 + f64::from(step) * 0.02;
        say(
            &mut conversation,
            &json!({"do": {"scroll": {"viewport": 1, "steps": 1}}, "gesture": 4}),
            now_s,
        );
        assert_eq!(drawn(&mut conversation, now_s), Some((Fidelity::Moving, 320)));
    }
    say(&mut conversation, &json!({"rest": null}), 10.05);
    assert_eq!(drawn(&mut conversation, 10.05), Some((Fidelity::Still, 320)));
    assert_eq!(
        drawn(&mut conversation, 10.20),
        Some((Fidelity::Exact, 320)),
        "of the 300 ms, half is left to code and carry it"
    );
    // The gesture is one step to take back.
    texts(&mut conversation);
    say(&mut conversation, &json!({"do": "undo"}), 11.0);
    let told = texts(&mut conversation);
    let back = told.iter().find(|text| text["view"]["viewport"] == 1).unwrap();
    assert_eq!(back["view"]["slice"], view["view"]["slice"]);
}

#[test]
fn marks_change_what_is_drawn_over_a_picture_and_not_the_picture() {
    let (mut conversation, _) = conversation();
    say(&mut conversation, &json!({"sizes": {"1": [320, 300]}}), 0.0);
    texts(&mut conversation);
    drawn(&mut conversation, 0.0).unwrap();
    let mark = json!({"do": {"add_mark": {"viewport": 1, "kind": "length", "points": [[100, 100, 320, 300], [200, 100, 320, 300]]}}});
    say(&mut conversation, &mark, 1.0);
    let told = texts(&mut conversation);
    assert!(told.iter().any(|text| {
        text["changed"]
            .as_array()
            .is_some_and(|what| what.contains(&json!("marks")))
    }));
    let view = told.iter().find(|text| text["view"]["viewport"] == 1).unwrap();
    assert_eq!(view["view"]["picture_changes"], false);
    // Only what was left to be made exact is drawn.
    assert_eq!(drawn(&mut conversation, 2.0), Some((Fidelity::Exact, 320)));
    say(&mut conversation, &json!({"ask": 7, "for": "marks"}), 2.0);
    let told = texts(&mut conversation);
    let answer = told.iter().find(|text| text["answer"] == 7).unwrap();
    let length = answer["is"][0]["figures"][0].clone();
    assert_eq!(length["name"], "length");
    assert!(length["value"].as_f64().unwrap() > 10.0);
    for question in [
        json!({"controls": {"viewport": 1}}),
        json!({"probe": {"viewport": 1, "at": [160, 150, 320, 300]}}),
        json!({"hit": {"viewport": 1, "at": [150, 100, 320, 300], "reach_pixels": 10}}),
        json!({"livewire": {"viewport": 1, "from": [120, 100, 320, 300], "to": [150, 120, 320, 300]}}),
        json!("vois"),
        json!("key_images"),
        json!("catalogue"),
        json!("snapshot"),
    ] {
        say(&mut conversation, &json!({"ask": 8, "for": question}), 2.0);
        let told = texts(&mut conversation);
        let answer = told.iter().find(|text| text["answer"] == 8).unwrap();
        assert!(answer.get("is").is_some(), "{question}: {answer}");
    }
}

#[test]
fn a_command_that_cannot_be_done_is_answered_and_a_text_that_is_none_is_refused() {
    let (mut conversation, _) = conversation();
    texts(&mut conversation);
    say(
        &mut conversation,
        &json!({"do": {"scroll": {"viewport": 99, "steps": 1}}}),
        0.0,
    );
    assert_eq!(
        texts(&mut conversation)[0]["refused"],
        "no view has the number 99"
    );
    let long = "1".repeat(65);
    for (text, expected) in [
        ("", "expected JSON"),
        ("[]", "expected an object"),
        ("{}", "expected open, do, sizes, shown, rest, share or ask"),
        (r#"{"do": {"fly": 1}}"#, "expected a command"),
        (r#"{"do": "undo", "rest": null}"#, "expected one message"),
        (r#"{"sizes": {"1": [0, 10]}}"#, "views of 1 to"),
        (r#"{"sizes": {"1": [10, 10]}, "scale": 1e9}"#, "0.25 to 8"),
        (r#"{"sizes": {"1": [8192, 8192]}}"#, "pixels in all"),
        (r#"{"shown": -1}"#, "a picture's number"),
        (r#"{"ask": 1, "for": "gold"}"#, "a question"),
        (r#"{"open": {"studies": []}}"#, "1 to 5 studies"),
        (
            r#"{"open": {"studies": ["1", "2", "3", "4", "5", "6"]}}"#,
            "1 to 5 studies",
        ),
        (r#"{"open": {"studies": ["1' OR 1"]}}"#, "UIDs"),
        (&format!(r#"{{"open": {{"studies": ["{long}"]}}}}"#), "UIDs"),
    ] {
        let error = Says::read(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let again = Says::read(r#"{"open": {"studies": ["1.2"]}}"#).unwrap();
    assert!(conversation.receive(1, again, 0.0).is_err());
    // Nobody speaks for others, and nobody sends others away.
    say(
        &mut conversation,
        &json!({"do": {"leave": {"participant": 1}}}),
        0.0,
    );
    assert_eq!(conversation.participants().count(), 1);
}

#[test]
fn what_is_set_for_all_views_is_told_when_it_changes() {
    let (mut conversation, _) = conversation();
    texts(&mut conversation);
    let mut layouts = |command: Value| -> Vec<Value> {
        say(&mut conversation, &json!({"do": command}), 0.0);
        let told = texts(&mut conversation).into_iter();
        told.filter_map(|text| text.get("layout").cloned()).collect()
    };
    let without_letters = engine::session::state::Texts {
        letters: false,
        ..Default::default()
    };
    let set_texts = json!({"set_texts": {"texts": without_letters}});
    let told = layouts(set_texts.clone());
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["texts"]["letters"], false);
    assert!(layouts(set_texts).is_empty(), "it was told before");
    let told = layouts(json!({"set_link": {"link": "zoom", "on": false}}));
    let links = told[0]["links"].as_array().unwrap();
    assert!(!links.contains(&json!("zoom")) && links.contains(&json!("scroll")));
    let told = layouts(json!({"deidentify": {"on": true}}));
    assert_eq!(told[0]["is_deidentified"], true);
    let told = layouts(json!("undo"));
    assert_eq!(told[0]["is_deidentified"], false);
    assert!(layouts(json!({"scroll": {"viewport": 1, "steps": 1}})).is_empty());
}

#[test]
fn a_window_is_told_as_it_is_drawn() {
    let (mut conversation, _) = conversation();
    let sizes = json!({"sizes": {"1": [320, 240]}, "scale": 1});
    say(&mut conversation, &sizes, 0.0);
    let mut layer = |command: Option<Value>| -> Value {
        if let Some(command) = command {
            say(&mut conversation, &json!({"do": command}), 0.0);
        }
        let told = texts(&mut conversation);
        let view = told.iter().find(|text| text["view"]["viewport"] == 1).unwrap();
        view["view"]["layers"][0].clone()
    };
    // Nobody has set one: it is told nevertheless.
    let usual = layer(None);
    assert!(usual["window_width"].as_f64().is_some(), "{usual}");
    let window = json!({"center": 40, "width": 400, "function": "linear"});
    let set = json!({"set_window": {"viewport": 1, "layer": 0, "window": window}});
    let told = layer(Some(set));
    // PS3.3 C.11.2.1.2.1: the limits of 400 about 40 are 399 apart.
    assert_eq!(told["window"], json!([-160.0, 239.0]));
    assert_eq!([&told["window_center"], &told["window_width"]], [40.0, 400.0]);
}

#[test]
fn others_see_where_one_points() {
    let (mut conversation, _) = conversation();
    conversation.join(2, "two", "en").unwrap();
    let cursors = |conversation: &mut Conversation, participant| -> Option<Value> {
        let told = conversation.take_texts().into_iter();
        let own = told.filter(|(to, _)| *to == To::One(participant));
        let read = own.map(|(_, text)| serde_json::from_str::<Value>(&text).unwrap());
        read.filter_map(|text| text.get("cursors").cloned()).next_back()
    };
    let sized = json!({"sizes": {"1": [320, 240]}, "scale": 1}).to_string();
    conversation.receive(2, Says::read(&sized).unwrap(), 0.0).unwrap();
    assert_eq!(cursors(&mut conversation, 2), None);
    let point = json!({"do": {"point": {"viewport": 1, "at": [80, 60, 160, 120]}}});
    say(&mut conversation, &point, 0.0);
    let is_at = |told: &Value, [x, y]: [f64; 2]| {
        let at: [f64; 4] = serde_json::from_value(told[0]["at"].clone()).unwrap();
        assert!((at[0] - x).hypot(at[1] - y) < 1e-6, "{told}");
        assert_eq!(&at[2..], [320.0, 240.0]);
    };
    // Twice as large a picture has it twice as far from the middle, which lies between its pixels.
    let told = cursors(&mut conversation, 2).unwrap();
    assert_eq!([&told[0]["participant"], &told[0]["viewport"]], [1, 1]);
    is_at(&told, [160.5, 120.5]);
    assert_eq!(cursors(&mut conversation, 2), None, "it was told before");
    // It is a place of the body: it goes with the picture.
    let zoom = json!({"do": {"set_zoom": {"viewport": 1, "zoom": 2}}});
    say(&mut conversation, &zoom, 0.0);
    is_at(&cursors(&mut conversation, 2).unwrap(), [161.5, 121.5]);
    say(&mut conversation, &point, 0.0);
    assert_eq!(cursors(&mut conversation, 1), None, "nobody is told of their own");
    let gone = json!({"do": {"point": {"viewport": null, "at": null}}});
    say(&mut conversation, &gone, 0.0);
    assert_eq!(cursors(&mut conversation, 2), Some(json!([])));
}

#[test]
fn a_snapshot_goes_on_elsewhere() {
    let (mut conversation, _) = conversation();
    say(
        &mut conversation,
        &json!({"do": {"scroll": {"viewport": 1, "steps": 5}}}),
        0.0,
    );
    let snapshot = conversation.session().snapshot();
    let (mut other, _) = self::conversation();
    assert_ne!(other.session().snapshot(), snapshot);
    other.restore(&snapshot).unwrap();
    assert_eq!(other.session().snapshot(), snapshot);
}

#[test]
fn a_stream_is_read_however_it_is_cut() {
    let header = json!({
        "etag": "e", "overview_step": 4, "chunks": 3,
        "frames": [{"sop_instance_uid": "1.2", "frame": 1, "transfer_syntax_uid": TransferSyntax::RleLossless.uid()}],
    })
    .to_string();
    let mut bytes = b"UPTKSER1".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(header.as_bytes());
    let chunks: [([u32; 4], &[u8]); 3] = [([1, 0, 0, 0], b"ab"), ([2, 1, 0, 2], b"cde"), ([3, 2, 0, 0], b"")];
    for (words, content) in chunks {
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend((content.len() as u32).to_le_bytes());
        bytes.extend(content);
    }
    for size in [1, 3, 7, 64, bytes.len()] {
        let mut stream = SeriesStream::default();
        let mut found = Vec::new();
        for piece in bytes.chunks(size) {
            stream.push(piece);
            while let Some(chunk) = stream.next_chunk().unwrap() {
                found.push((chunk.kind, chunk.syntax, chunk.content));
            }
        }
        let expected = [
            (
                ChunkKind::Overview,
                TransferSyntax::ExplicitLittleEndian,
                b"ab".to_vec(),
            ),
            (ChunkKind::Frame, TransferSyntax::RleLossless, b"cde".to_vec()),
            (ChunkKind::End, TransferSyntax::ExplicitLittleEndian, Vec::new()),
        ];
        assert_eq!(found, expected, "pieces of {size}");
    }
    for (at, byte) in [(0, b'X'), (8, 0xFF), (11, 0xFF)] {
        let mut broken = bytes.clone();
        broken[at] = byte;
        let mut stream = SeriesStream::default();
        stream.push(&broken);
        let read = stream.next_chunk();
        assert!(!matches!(read, Ok(Some(_))), "{at}: {read:?}");
    }
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}

#[test]
fn whatever_is_said_is_done_refused_or_malformed() {
    let said = [
        json!({"do": {"scroll": {"viewport": 1, "steps": 3}}, "gesture": 1}),
        json!({"do": {"zoom": {"viewport": 1, "factor": 1.5, "about": [10, 10, 64, 64]}}}),
        json!({"do": {"set_window": {"viewport": 1, "layer": 0, "window": {"center": 40.0, "width": 400.0}}}}),
        json!({"do": {"set_kind": {"viewport": 1, "kind": {"projection": {"of": "maximum"}}}}}),
        json!({"do": {"set_kind": {"viewport": 1, "kind": {"tiles": {"rows": 2, "columns": 2}}}}}),
        json!({"do": {"set_axis": {"viewport": 1, "axis": {"normal": [0.1, 0.2, 0.9]}}}}),
        json!({"do": {"turn": {"viewport": 1, "from": [10, 10, 64, 64], "to": [20, 12, 64, 64]}}}),
        json!({"do": {"add_mark": {"viewport": 1, "kind": "ellipse", "points": [[9, 9, 64, 64], [40, 9, 64, 64], [20, 20, 64, 64]]}}}),
        json!({"do": {"set_layout": {"layout": {"name": "grid", "rows": 2, "columns": 2}}}}),
        json!({"do": {"add_voi": {"viewport": 1, "layer": 0, "recipe": {"sphere": {"center_mm": [0, 0, 0], "radius_mm": 20}}}}}),
        json!({"do": {"play": {"viewport": 1, "motion": {"over": "slices", "steps_per_s": 10}}}}),
        json!({"do": {"tick": {"elapsed_s": 0.1}}}),
        json!({"do": "undo"}),
        json!({"do": {"reset": {}}}),
        json!({"sizes": {"1": [64, 64]}, "scale": 1}),
        json!({"rest": null}),
        json!({"shown": 1}),
        json!({"ask": 1, "for": {"controls": {"viewport": 1}}}),
        json!({"ask": 2, "for": {"probe": {"viewport": 1, "at": [5, 5, 64, 64]}}}),
        json!({"ask": 3, "for": "vois"}),
    ];
    let said: Vec<Vec<u8>> = said.iter().map(|text| text.to_string().into_bytes()).collect();
    let (mut conversation, _) = conversation();
    let mut renderer = CpuRenderer::new();
    let mut random = Random(9);
    let (mut done, mut malformed) = (0, 0);
    for n in 0..3000 {
        let now_s = f64::from(n) * 0.013;
        let mut text = said[random.below(said.len())].clone();
        for _ in 0..random.below(4) {
            let at = random.below(text.len());
            match random.below(3) {
                // Digits and marks of JSON meet more code than other bytes.
                0 => text[at] = b"0123456789-.e,[]{}\":"[random.below(20)],
                1 => text.truncate(at.max(1)),
                _ => text.insert(at, b"0123456789"[random.below(10)]),
            }
        }
        let Ok(text) = String::from_utf8(text) else {
            continue;
        };
        match Says::read(&text) {
            Ok(says) => {
                done += usize::from(conversation.receive(1, says, now_s).is_ok());
            }
            Err(_) => malformed += 1,
        }
        if n % 50 == 0
            && let Some(due) = conversation.due(now_s)
            && due.size.width.max(due.size.height) <= 256
            && let Ok(Some(drawn)) = conversation.draw(due, &mut renderer, &Cancel::new())
        {
            let picture = conversation.number();
            conversation.sent(&drawn, picture, 1000, 0.01, now_s);
        }
        conversation.take_texts();
    }
    assert!(
        done > 500 && malformed > 500,
        "{done} done, {malformed} malformed"
    );
}
