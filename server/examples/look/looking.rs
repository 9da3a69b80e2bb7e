//! All that is measured, one after the other.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use shaper::{Cut, Shape, Shaper};

use super::conversation::{Conversation, Door, Wish};
use super::figures::{Asked, Row, Times};
use super::measures::{Gesture, Opening, drag, opening};
use super::options::Options;
use super::report::Report;
use super::served::{Credential, Served};
use super::{cut, many, wado};

/// What the requirements ask for on the machine itself, and over a line of 60 ms and 20 Mbit/s.
pub const FIRST_P95_MS: f64 = 1000.0;
const SCROLL_PER_S: f64 = 30.0;
const SCROLL_P95_MS: f64 = 60.0;
const SHAPED_P95_MS: f64 = 220.0;
const TURN_PER_S: f64 = 10.0;
const EXACT_P95_MS: f64 = 300.0;
const FIRST_OF_MANY_P95_MS: f64 = 2000.0;
/// Of what the mean session has, the slowest has so much at least.
const FAIR: f64 = 0.5;

/// Opens the CT from a server that has just started, again and again.
pub async fn cold(
    options: &Options,
    served: &mut Served,
    credential: &Credential,
    wish: &Wish,
) -> anyhow::Result<Vec<Opening>> {
    let mut openings = Vec::new();
    for _ in 0..options.openings {
        served.restart()?;
        let door = Door {
            address: served.address,
            credential: credential.clone(),
            is_decoding: options.is_decoding,
        };
        // What the first request of a process does once is no part of it, as the wasm's compilation is not.
        let client = reqwest::Client::new();
        let asked = client.get(format!("http://{}/dicom-web/studies?limit=1", served.address));
        asked.header(credential.0, &credential.1).send().await?;
        openings.push(opening(&door, wish).await?.0);
    }
    Ok(openings)
}

/// What is shown, and what is done to it.
struct Scene {
    what: &'static str,
    kind: Value,
    axis: Option<&'static str>,
    /// Keys, the lowest first.
    series: Vec<String>,
    gesture: Gesture,
    asked: Asked,
}

/// All that is measured over one kind of link.
pub struct Looking<'a> {
    pub options: &'a Options,
    pub served: &'a Served,
    pub credentials: &'a [Credential],
    pub wish: &'a Wish,
    /// None: no link but the machine itself.
    pub shape: Option<Shape>,
    pub report: &'a mut Report,
}

impl Looking<'_> {
    /// A link for one session, where one is asked for, and the door at its near end.
    async fn door(&self, number: usize) -> anyhow::Result<(Option<Shaper>, Door)> {
        let shaper = match self.shape {
            Some(shape) => Some(Shaper::start(self.served.address, shape).await?),
            None => None,
        };
        let address = shaper.as_ref().map_or(self.served.address, Shaper::address);
        let credential = self.credentials[number % self.credentials.len()].clone();
        let door = Door {
            address,
            credential,
            is_decoding: self.options.is_decoding,
        };
        Ok((shaper, door))
    }

    fn named(&self, what: &str) -> String {
        match self.shape {
            Some(_) => format!("{what}, over the link"),
            None => what.to_owned(),
        }
    }

    pub async fn all(&mut self) -> anyhow::Result<()> {
        if let Some(shape) = self.shape {
            let found = shaper::probe(shape, Duration::from_secs(1)).await?;
            println!("the link turns out to be: {found}");
        }
        let (_link, door) = self.door(0).await?;
        let mut openings = Vec::new();
        for _ in 0..self.options.openings {
            openings.push(opening(&door, self.wish).await?.0);
        }
        let what = self.named("first image");
        let asked = self.shape.is_none().then_some(FIRST_P95_MS);
        self.report.add_openings(openings, &what, asked);
        if let Some(seconds) = self.options.wado_s {
            let patience = Duration::from_secs_f64(seconds);
            let loading = wado::loading(&door, self.wish, patience).await?;
            let what = self.named("first frame by WADO-RS");
            self.report.add_times(what, vec![loading.first], None);
            let what = self.named("frames by WADO-RS, until the last");
            self.report.add_times(what, vec![loading.ended], None);
            self.report.remark(format!(
                "{} of {} frames, {:.1} MB",
                loading.frames,
                loading.of,
                loading.bytes as f64 / 1e6
            ));
        }
        let mut conversation = door.open(self.wish).await?;
        println!("drawn by {}", conversation.drawer);
        self.gestures(&mut conversation).await?;
        drop(conversation);
        if self.options.sessions > 1 {
            self.many().await?;
        }
        if self.options.viewers > 1 {
            let (_links, doors) = self.doors(self.options.viewers).await?;
            let openings = many::opening_at_once(&doors, self.wish).await?;
            let what = self.named(&format!("first image of {} at once", doors.len()));
            let asked = self.shape.is_none().then_some(FIRST_OF_MANY_P95_MS);
            self.report.add_openings(openings, &what, asked);
        }
        Ok(())
    }

    /// A link and a door for each of so many.
    async fn doors(&self, count: usize) -> anyhow::Result<(Vec<Option<Shaper>>, Vec<Door>)> {
        let (mut links, mut doors) = (Vec::new(), Vec::new());
        for number in 0..count {
            let (link, door) = self.door(number).await?;
            links.push(link);
            doors.push(door);
        }
        Ok((links, doors))
    }

    async fn gestures(&mut self, conversation: &mut Conversation) -> anyhow::Result<()> {
        let mut rests = Vec::new();
        for scene in self.scenes(conversation)? {
            let series: Vec<&str> = scene.series.iter().map(String::as_str).collect();
            let viewport = conversation.show(&scene.kind, scene.axis, &series).await?;
            let dragging = drag(conversation, viewport, scene.gesture, self.options.seconds);
            let (dragged, processors) = self.served.watched(dragging).await;
            let dragged = dragged.with_context(|| scene.what.to_owned())?;
            rests.push((dragged.to_still, dragged.to_exact));
            let what = self.named(scene.what);
            self.report.add_drag(what, &dragged, processors, scene.asked);
        }
        let (still, exact) = rests.into_iter().unzip();
        let what = self.named("rest, until still");
        self.report.add_times(what, still, None);
        let what = self.named("rest, until exact");
        let asked = self.shape.is_none().then_some(EXACT_P95_MS);
        self.report.add_times(what, exact, asked);
        Ok(())
    }

    fn scenes(&self, conversation: &Conversation) -> anyhow::Result<Vec<Scene>> {
        let (ct, pet) = (conversation.largest("CT")?, conversation.largest("PT")?);
        let over = u32::try_from(ct.images).unwrap_or(u32::MAX);
        let (limit_ms, usual_ms) = match self.shape {
            Some(_) => (self.options.shaped_p95_ms, SHAPED_P95_MS),
            None => (self.options.p95_ms, SCROLL_P95_MS),
        };
        // A link of its own may carry fewer.
        let of_images = |least: f64| self.shape.is_none().then_some(least);
        let scrolled = |what, series| Scene {
            what,
            kind: json!("plane"),
            axis: Some("coronal"),
            series,
            gesture: Gesture::Scroll { over },
            asked: Asked {
                images_per_s: of_images(SCROLL_PER_S),
                p95_ms: limit_ms.or(Some(usual_ms)),
                is_limit: limit_ms.is_some(),
            },
        };
        let turned = |what, kind, series| Scene {
            what,
            kind,
            axis: None,
            series,
            gesture: Gesture::Turn,
            asked: Asked {
                images_per_s: of_images(TURN_PER_S),
                ..Asked::default()
            },
        };
        let (mip, rendering) = (
            json!({"projection": {"of": "maximum"}}),
            json!({"rendering": {"preset": "ct-bone"}}),
        );
        Ok(vec![
            scrolled("MPR of CT, scrolled", vec![ct.key.clone()]),
            scrolled("fused MPR, scrolled", vec![ct.key.clone(), pet.key.clone()]),
            turned("MIP of PET, turned", mip, vec![pet.key]),
            turned("VR of CT, turned", rendering, vec![ct.key]),
        ])
    }

    async fn many(&mut self) -> anyhow::Result<()> {
        let (links, doors) = self.doors(self.options.sessions).await?;
        let scrolling = many::scrolling(&doors, self.wish, self.options.seconds);
        let (many, processors) = self.served.watched(scrolling).await;
        let many = many?;
        drop(links);
        let fairness = many.slowest_of_mean();
        let what = self.named(&format!("{} sessions scroll", doors.len()));
        self.report.rows.push(Row {
            what,
            images_per_s: Some(many.images as f64 / many.seconds),
            times: Times::of(&many.latencies),
            kilobytes: Some(many.bytes as f64 / 1e3 / many.images.max(1) as f64),
            processors,
            asked: Asked::default(),
            remark: format!(
                "each {:.1}/s, slowest {:.1}, {:.0} % of the mean{}",
                many.mean(),
                many.images_per_s[0],
                100.0 * fairness,
                if fairness < FAIR {
                    ", expected 50: MISSED"
                } else {
                    ""
                }
            ),
        });
        Ok(())
    }

    /// The link is lost, in each way.
    pub async fn cuts(&mut self, lasting: Duration) -> anyhow::Result<()> {
        let shape = self
            .options
            .shape
            .unwrap_or_else(|| Shape::even(Duration::ZERO, None));
        self.shape = Some(shape);
        for (how, word) in [(Cut::Stall, "stalled"), (Cut::Reset, "reset")] {
            let (link, door) = self.door(0).await?;
            let link = link.context("no link")?;
            let recovery = cut::recovery(&link, &door, self.wish, how, lasting).await?;
            let what = format!("link {word} for {} s, until a picture", lasting.as_secs_f64());
            self.report.add_times(what, vec![recovery.after], None);
            self.report.remark(format!(
                "same session and slice; opened anew {} times",
                recovery.reopened
            ));
        }
        Ok(())
    }
}
