//! Pictures that were made ahead, as a renderer: what is not among them is noted and made before the next look.
//!
//! Planes of voxels that are still coming are cut at once on the processor: a graphics device would be given all of them again
//! and again, and its first picture waits for it to be made ready.

use engine::presentation::Size;
use engine::render::{Cancel, CpuRenderer, Error, Image, Renderer, Scene, Statistics, Values, View, Volumes};

/// Most pictures of one view: its tiles.
const MOST: usize = 256;

/// A picture that has to be made.
#[derive(Debug, Clone)]
pub struct Missing {
    /// Of what.
    pub scene: Scene,
    /// The voxels, shared with the session.
    pub volumes: Volumes,
    /// How large.
    pub size: Size,
    /// Stops its making.
    pub cancel: Cancel,
}

/// Answers with pictures that are there. One that is not is noted, and the picture cancelled.
#[derive(Debug, Default)]
pub struct Prefetched {
    made: Vec<(Scene, Size, Result<Image, Error>)>,
    missing: Option<Missing>,
    processor: CpuRenderer,
    cuts_planes: bool,
}

impl Prefetched {
    /// Keeps a picture that was missing, or why it cannot be made.
    pub fn keep(&mut self, missing: Missing, made: Result<Image, Error>) {
        if self.made.len() >= MOST {
            self.made.clear();
        }
        self.made.push((missing.scene, missing.size, made));
    }

    /// The picture that was missed at the last look.
    pub fn take_missing(&mut self) -> Option<Missing> {
        self.missing.take()
    }

    /// Whether another picture can be kept: a view that wants more never comes to an end.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.made.len() < MOST
    }

    /// Forgets all pictures: the next one is another, of voxels that are still coming or not.
    pub fn begin(&mut self, is_coming: bool) {
        self.made.clear();
        self.missing = None;
        self.cuts_planes = is_coming;
    }
}

impl Renderer for Prefetched {
    fn render_until(
        &mut self,
        scene: &Scene,
        volumes: &Volumes,
        size: Size,
        cancel: &Cancel,
    ) -> Result<Image, Error> {
        if self.cuts_planes && matches!(scene.view, View::Plane(_)) {
            return self.processor.render_until(scene, volumes, size, cancel);
        }
        let known = self
            .made
            .iter()
            .find(|(of, of_size, _)| *of_size == size && of == scene);
        if let Some((_, _, made)) = known {
            return made.clone();
        }
        self.missing = Some(Missing {
            scene: scene.clone(),
            volumes: volumes.clone(),
            size,
            cancel: cancel.clone(),
        });
        Err(Error::Cancelled)
    }

    /// Values are measured on the voxels: no session asks for them here.
    fn values_until(
        &mut self,
        _: &Scene,
        _: usize,
        _: &Volumes,
        _: Size,
        _: &Cancel,
    ) -> Result<Values, Error> {
        Err(Error::NoValues)
    }

    fn statistics(&self) -> &Statistics {
        self.processor.statistics()
    }
}
