//! The edge to JavaScript: what `element/local-worker.js` calls. It holds a drawer and a graphics device, and has no thought of
//! its own.

use std::cell::RefCell;
use std::sync::Arc;

use engine::render::gpu::{Gpu, Options};
use engine::render::{CpuRenderer, Error, GpuRenderer, Image};
use js_sys::Uint8Array;
use viewer::Says;
use viewer::message::Open;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::drawer::{Closing, Drawer, On, Step};
use crate::limits::Limits;
use crate::prefetched::Missing;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn now_ms() -> f64;
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn report(text: &str);
}

fn now_s() -> f64 {
    now_ms() / 1000.0
}

/// Where it failed is told to whoever looks for faults; what it worked on is not.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        report(&format!("the viewer failed at {}", place.unwrap_or_default()));
    }));
}

/// The studies that the first message asks for.
///
/// # Errors
///
/// The text of a closing for any other message.
#[wasm_bindgen]
pub fn studies(text: &str) -> Result<Vec<String>, String> {
    opening(text)
        .map(|open| open.studies)
        .map_err(|closing| closing.text())
}

fn opening(text: &str) -> Result<Open, Closing> {
    match Says::read(text) {
        Ok(Says::Open(open)) => Ok(open),
        Ok(_) => Err(Closing::malformed("expected open, found another message")),
        Err(malformed) => Err(Closing::malformed(malformed)),
    }
}

/// A graphics device.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Graphics(GpuRenderer);

/// Opens the graphics device, on which volumes may take so many bytes; none where there is none.
#[wasm_bindgen]
pub async fn graphics(memory_bytes: f64) -> Option<Graphics> {
    let options = Options {
        takes_software: true,
        memory_bytes: memory_bytes as u64,
        ..Options::default()
    };
    let gpu = Gpu::request(options).await.ok()?;
    #[allow(clippy::arc_with_non_send_sync, reason = "a page has one thread")]
    let gpu = Arc::new(gpu);
    Some(Graphics(GpuRenderer::new(gpu)))
}

/// A series that is to be fetched.
#[wasm_bindgen(getter_with_clone)]
#[derive(Debug)]
pub struct Fetch {
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
}

/// Draws for one element.
#[wasm_bindgen]
pub struct Page {
    drawer: RefCell<Drawer>,
    /// Taken out while a picture is made.
    renderer: RefCell<Option<GpuRenderer>>,
}

#[wasm_bindgen]
impl Page {
    /// Opens what the first message asks for, of its studies' metadata.
    ///
    /// # Errors
    ///
    /// The text of a closing.
    pub fn open(
        text: &str,
        metadata: Vec<String>,
        graphics: Option<Graphics>,
        memory_bytes: f64,
    ) -> Result<Self, String> {
        let on = match &graphics {
            Some(_) => On::Gpu,
            None => On::Cpu(Box::new(CpuRenderer::new())),
        };
        let limits = Limits {
            memory_bytes: memory_bytes as usize,
            ..Limits::default()
        };
        let drawer = opening(text).and_then(|open| Drawer::open(&open, &metadata, on, limits));
        Ok(Self {
            drawer: RefCell::new(drawer.map_err(|closing| closing.text())?),
            renderer: RefCell::new(graphics.map(|graphics| graphics.0)),
        })
    }

    /// Takes what the element says.
    ///
    /// # Errors
    ///
    /// The text of a closing.
    pub fn take(&self, text: &str) -> Result<(), String> {
        let taken = self.drawer.borrow_mut().take(text, now_s());
        taken.map_err(|closing| closing.text())
    }

    /// What is to be posted, in order.
    pub fn texts(&self) -> Vec<String> {
        self.drawer.borrow_mut().take_texts()
    }

    /// Series that are to be fetched from now on.
    ///
    /// # Errors
    ///
    /// The text of a closing.
    pub fn wanted(&self) -> Result<Vec<Fetch>, String> {
        let wanted = self.drawer.borrow_mut().wanted();
        let fetch = |wanted: viewer::Wanted| Fetch {
            study: wanted.study_instance_uid,
            series: wanted.series_instance_uid,
        };
        wanted
            .map(|all| all.into_iter().map(fetch).collect())
            .map_err(|closing| closing.text())
    }

    /// The chunk of a stream without small pictures that the slice that is seen first is in; none where it is not worth it.
    pub fn ahead(&self, series: &str) -> Option<u32> {
        self.drawer.borrow().ahead(series)
    }

    /// Takes bytes of that stream; gives whether no more of it are wanted.
    #[wasm_bindgen(js_name = pushAhead)]
    pub fn push_ahead(&self, series: &str, bytes: &[u8]) -> bool {
        self.drawer.borrow_mut().push_ahead(series, bytes)
    }

    /// A stream of a series begins; gives the chunk that it is to begin with.
    pub fn begin(&self, series: &str) -> Option<u32> {
        self.drawer.borrow_mut().begin(series)
    }

    /// Takes bytes of a series' stream.
    pub fn push(&self, series: &str, bytes: &[u8]) {
        self.drawer.borrow_mut().push(series, bytes);
    }

    /// Takes in up to so many frames of a series. Gives how many those were and whether there is more, as 0 or 1; nothing when
    /// it is whole or has failed.
    pub fn work(&self, series: &str, most_frames: usize) -> Option<Vec<u32>> {
        let worked = self.drawer.borrow_mut().work(series, most_frames, now_s());
        worked.map(|(frames, has_more)| vec![frames as u32, u32::from(has_more)])
    }

    /// A series cannot be had.
    pub fn fail(&self, series: &str, why: &str) {
        self.drawer.borrow_mut().fail(series, why);
    }

    /// Milliseconds after which something may be due by time alone.
    #[wasm_bindgen(js_name = nextInMs)]
    pub fn next_in_ms(&self) -> Option<f64> {
        self.drawer.borrow().next_in_s(now_s()).map(|next| next * 1000.0)
    }

    /// All that is the case, for whoever goes on after a fault.
    pub fn snapshot(&self) -> String {
        self.drawer.borrow().snapshot()
    }

    /// The next picture as a message of the protocol; none when nothing is due. One at a time.
    ///
    /// # Errors
    ///
    /// The text of a closing.
    pub async fn draw(&self) -> Result<Option<Uint8Array>, String> {
        loop {
            let step = self.drawer.borrow_mut().step(&now_s);
            match step.map_err(|closing| closing.text())? {
                Step::Nothing => return Ok(None),
                Step::Picture(head, image) => return Ok(Some(message(&head, &image.rgba))),
                Step::Missing(missing) => {
                    let made = self.make(&missing).await;
                    let kept = self.drawer.borrow_mut().made(missing, made, now_s());
                    kept.map_err(|closing| closing.text())?;
                }
            }
        }
    }

    /// Makes a picture; a device that was lost is opened again, once.
    async fn make(&self, missing: &Missing) -> Result<Image, Error> {
        let mut renderer = self.renderer.borrow_mut().take().ok_or(Error::NoAdapter(None))?;
        let (scene, volumes) = (&missing.scene, &missing.volumes);
        let mut made = renderer
            .picture(scene, volumes, missing.size, &missing.cancel)
            .await;
        if made == Err(Error::DeviceLost) {
            made = match renderer.gpu().restore().await {
                Ok(()) => {
                    renderer
                        .picture(scene, volumes, missing.size, &missing.cancel)
                        .await
                }
                Err(error) => Err(error),
            };
        }
        self.renderer.replace(Some(renderer));
        made
    }
}

/// Head and pixels in memory of the page's own, which can be handed over.
fn message(head: &[u8], rgba: &[u8]) -> Uint8Array {
    let bytes = Uint8Array::new_with_length((head.len() + rgba.len()) as u32);
    let at = head.len() as u32;
    bytes.subarray(0, at).copy_from(head);
    bytes.subarray(at, bytes.length()).copy_from(rgba);
    bytes
}
