//! Lines of samples with the neighbours that the model looks at beyond their ends.

/// The previous and the current line of one component, one sample wider at each end.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    previous: Vec<u16>,
    current: Vec<u16>,
}

impl Lines {
    pub(super) fn new(width: usize) -> Self {
        Self {
            previous: vec![0; width + 2],
            current: vec![0; width + 2],
        }
    }

    /// Forgets what stood above, as at the start of a scan and after a restart marker.
    pub(super) fn clear(&mut self) {
        self.previous.fill(0);
        self.current.fill(0);
    }

    /// Makes the current line the previous one and sets the neighbours beyond the ends (T.87 A.2.1):
    /// left of a line stands the sample above its start, right of it the last sample.
    pub(super) fn advance(&mut self) {
        std::mem::swap(&mut self.previous, &mut self.current);
        let last = self.previous.len() - 1;
        self.previous[last] = self.previous[last - 1];
        self.current[0] = self.previous[1];
    }

    /// Previous and current line; sample `x` stands at `x + 1` in both.
    pub(super) fn pair(&mut self) -> (&[u16], &mut [u16]) {
        (&self.previous, &mut self.current)
    }

    /// The samples of the current line.
    pub(super) fn samples(&self) -> &[u16] {
        &self.current[1..self.current.len() - 1]
    }

    /// The samples of the current line, to be changed.
    pub(super) fn samples_mut(&mut self) -> &mut [u16] {
        let end = self.current.len() - 1;
        &mut self.current[1..end]
    }
}
