//! Turns any bytes into the numbers and pieces that a target begins with. There is always a next one: 0, or
//! an empty piece.

/// The rest of the input.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// The whole input.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// A number of two bytes.
    pub fn short(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// At most `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A piece that follows its length.
    pub fn piece(&mut self) -> &'a [u8] {
        let len = self.byte().into();
        self.take(len)
    }

    /// The same, for a longer piece.
    pub fn long_piece(&mut self) -> &'a [u8] {
        let len = self.short();
        self.take(len)
    }

    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rest.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// The rest, cut into pieces of the given sizes, which repeat; a size is never 0.
    pub fn pieces(&mut self, sizes: &[u8]) -> Vec<&'a [u8]> {
        let mut sizes = sizes.iter().map(|&size| usize::from(size).max(1)).collect::<Vec<_>>();
        if sizes.is_empty() {
            sizes.push(usize::MAX);
        }
        let mut pieces = Vec::new();
        for &size in sizes.iter().cycle() {
            if self.is_empty() {
                break;
            }
            pieces.push(self.take(size));
        }
        pieces
    }
}
