//! DER read element by element: what is verified are the bytes that were sent, never an encoding made again.

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

use crate::refusal::Refusal;

/// It cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<der::Error> for Malformed {
    fn from(_: der::Error) -> Self {
        Self
    }
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The tag `[number]` of a constructed element.
pub(crate) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// One element: all its bytes, and those of its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    pub(crate) value: &'a [u8],
    pub(crate) raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// The only element of `bytes`.
    pub(crate) fn only(bytes: &'a [u8], tag: Tag) -> Result<Self, Malformed> {
        let mut elements = Elements::of(bytes)?;
        let element = elements.required(tag)?;
        elements.finish()?;
        Ok(element)
    }

    pub(crate) fn children(self) -> Result<Elements<'a>, Malformed> {
        Elements::of(self.value)
    }

    pub(crate) fn decode<T: Decode<'a, Error = der::Error>>(self) -> Result<T, Malformed> {
        Ok(T::from_der(self.raw)?)
    }
}

/// Elements that follow one another.
pub(crate) struct Elements<'a>(SliceReader<'a>);

impl<'a> Elements<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self(SliceReader::new(bytes)?))
    }

    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        if self.0.is_finished() {
            return Ok(None);
        }
        let raw = self.0.tlv_bytes()?;
        let any = AnyRef::from_der(raw)?;
        Ok(Some(Element { tag: any.tag(), value: any.value(), raw }))
    }

    pub(crate) fn required(&mut self, tag: Tag) -> Result<Element<'a>, Malformed> {
        self.next()?.filter(|element| element.tag == tag).ok_or(Malformed)
    }

    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<Element<'a>>, Malformed> {
        if self.0.is_finished() || Tag::peek(&self.0)? != tag {
            return Ok(None);
        }
        self.next()
    }

    /// All that is left; more than `limit` elements are refused.
    pub(crate) fn rest(mut self, limit: usize) -> Result<Vec<Element<'a>>, Malformed> {
        let mut elements = Vec::new();
        while let Some(element) = self.next()? {
            if elements.len() == limit {
                return Err(Malformed);
            }
            elements.push(element);
        }
        Ok(elements)
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        Ok(self.0.finish()?)
    }
}
