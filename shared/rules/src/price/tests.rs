//! The price list: which price holds on a day, VAT to the cent, what a list may say and how it is read.

use jiff::Timestamp;
use proptest::prelude::*;
use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::*;
use crate::calendar::{date_of, end_of_day, start_of_day};
use crate::identity::IdentityType::{Business, Minor, Personal, Professional};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn entry(product: Product, from: &str, net_cents: u64) -> Entry {
    Entry { product, from: day(from), net_cents, vat_basis_points: 2200 }
}

const RENEWAL: Product = Product::IdentityRenewal(Professional);

fn net(list: &PriceList, at: Timestamp) -> Option<u64> {
    price_at(list, RENEWAL, date_of(at)).map(|price| price.net_cents)
}

#[test]
fn a_price_changes_at_romes_midnight() {
    // From winter to the day of 23 hours, over it, from summer to the day of 25 hours, over it, and over the year's end.
    for changed in ["2026-03-29", "2026-03-30", "2026-10-25", "2026-10-26", "2027-01-01", "2028-02-29"] {
        let list = PriceList(vec![entry(RENEWAL, changed, 4000), entry(RENEWAL, "2026-01-02", 3500)]);
        let midnight = start_of_day(day(changed));
        let nano = jiff::SignedDuration::from_nanos(1);
        assert_eq!(net(&list, midnight - nano), Some(3500), "{changed}");
        assert_eq!(net(&list, midnight), Some(4000), "{changed}");
        assert_eq!(net(&list, end_of_day(day(changed)) - nano), Some(4000), "{changed}");
        assert_eq!(net(&list, Timestamp::MAX), Some(4000), "{changed}");
    }
    for (instant, expected) in [
        ("2026-03-28T22:59:59Z", 3500),
        ("2026-03-28T23:00:00Z", 4000),
        ("2026-03-29T21:59:59Z", 4000),
        ("2026-03-29T22:00:00Z", 4500),
        ("2026-10-24T21:59:59Z", 4500),
        ("2026-10-24T22:00:00Z", 5000),
        ("2026-10-25T22:59:59Z", 5000),
        ("2026-10-25T23:00:00Z", 5500),
    ] {
        let changes = [("2026-01-01", 3500), ("2026-03-29", 4000), ("2026-03-30", 4500), ("2026-10-25", 5000), ("2026-10-26", 5500)];
        let list = PriceList(changes.map(|(from, cents)| entry(RENEWAL, from, cents)).to_vec());
        assert_eq!(net(&list, instant.parse().unwrap()), Some(expected), "{instant}");
    }
}

#[test]
fn what_the_list_does_not_name_has_no_price() {
    let list = PriceList(vec![entry(RENEWAL, "2026-06-01", 3500), entry(Product::IdentityRenewal(Business), "2026-01-01", 1)]);
    assert_eq!(price_at(&list, RENEWAL, day("2026-05-31")), None);
    assert_eq!(price_at(&list, RENEWAL, day("2026-06-01")), Price::of(3500, 2200));
    assert_eq!(price_at(&list, Product::Identity(Professional), day("2026-06-01")), None);
    assert_eq!(price_at(&PriceList(Vec::new()), RENEWAL, day("2026-06-01")), None);
}

#[test]
fn vat_is_rounded_half_up_to_the_cent() {
    for (net_cents, rate, vat) in [
        (3500, 2200, 770),
        (1500, 2200, 330),
        (0, 2200, 0),
        // 22% of these is 0.44, 0.66, 10.78 and 11 cents.
        (2, 2200, 0),
        (3, 2200, 1),
        (49, 2200, 11),
        (50, 2200, 11),
        // Exactly a half, and what lies next to it.
        (25, 2200, 6),
        (75, 2200, 17),
        (1, 4999, 0),
        (1, 5000, 1),
        (9999, 1000, 1000),
        (5, 1000, 1),
        (4, 1000, 0),
        (100, 0, 0),
        (100, 10_000, 100),
        (1, 1, 0),
    ] {
        let expected = Price { net_cents, vat_cents: vat, vat_basis_points: rate, gross_cents: net_cents + vat };
        assert_eq!(Price::of(net_cents, rate), Some(expected), "{net_cents} at {rate}");
    }
    assert_eq!(Price::of(u64::MAX, 2200), None);
    assert_eq!(Price::of(u64::MAX, 0), Some(Price { net_cents: u64::MAX, vat_cents: 0, vat_basis_points: 0, gross_cents: u64::MAX }));
    assert_eq!(Price::of(u64::MAX, 1), None);
}

#[test]
fn the_list_that_is_built_in_can_be_sold_from() {
    let list = PriceList::default();
    assert_eq!(list.validate(), Ok(()));
    let gross = |product| price_at(&list, product, day("2026-01-01")).map(|price| price.gross_cents);
    for kind in IdentityType::ALL {
        let (new, renewal) = (gross(Product::Identity(kind)), gross(Product::IdentityRenewal(kind)));
        match kind {
            Personal | Minor => assert_eq!((new, renewal), (Some(0), Some(0)), "{kind:?}"),
            Professional | Business => assert_eq!((new, renewal), (Some(4270), Some(4270)), "{kind:?}"),
        }
    }
    for kind in CredentialKind::ALL {
        let prices = (gross(Product::Credential(kind)), gross(Product::CredentialRenewal(kind)));
        let expected = match kind {
            CredentialKind::OtpToken => (Some(1830), Some(1220)),
            CredentialKind::SmartCard => (Some(3538), Some(3050)),
            CredentialKind::RemoteSignature => (Some(4392), Some(3660)),
            CredentialKind::Password | CredentialKind::OtpApp | CredentialKind::OtpSms => (None, None),
        };
        assert_eq!(prices, expected, "{kind:?}");
    }
    assert_eq!(price_at(&list, Product::Identity(Personal), day("2025-12-31")), None);
}

#[test]
fn a_list_that_makes_no_sense_says_why() {
    let card = Product::Credential(CredentialKind::SmartCard);
    let with = |wrong: Entry| {
        let mut list = PriceList::default();
        list.0.push(wrong);
        list.validate()
    };
    let rated = |vat_basis_points| Entry { vat_basis_points, ..entry(RENEWAL, "2027-01-01", 3500) };
    assert_eq!(with(entry(RENEWAL, "2027-01-01", 4000)), Ok(()));
    assert_eq!(with(rated(0)), Ok(()));
    assert_eq!(with(rated(10_000)), Ok(()));
    // A new identity may be given away, or Personal cost something.
    assert_eq!(with(entry(Product::Identity(Business), "2027-01-01", 0)), Ok(()));
    assert_eq!(with(entry(Product::Identity(Personal), "2027-01-01", 1000)), Ok(()));
    // 41 cents and VAT are 50, 40 are 49; 81,967,212 and VAT are one cent less than may be charged, and the next number is one more.
    assert_eq!(with(entry(RENEWAL, "2027-01-01", 41)), Ok(()));
    assert_eq!(with(entry(RENEWAL, "2027-01-01", 81_967_212)), Ok(()));
    assert_eq!(Price::of(81_967_212, 2200).map(|price| price.gross_cents), Some(99_999_999));
    for (wrong, says) in [
        (entry(RENEWAL, "2026-01-01", 4000), "has a price from this day already"),
        (rated(10_001), "at most 100%"),
        (entry(RENEWAL, "2027-01-01", u64::MAX), "within reason"),
        (entry(RENEWAL, "2027-01-01", 40), "from 0.50"),
        (entry(RENEWAL, "2027-01-01", 81_967_213), "to 999,999.99"),
        (entry(RENEWAL, "2027-01-01", 0), "only the renewal of Personal and Minor is free"),
        (entry(Product::IdentityRenewal(Personal), "2027-01-01", 1000), "and it always is"),
        (entry(Product::IdentityRenewal(Minor), "2027-01-01", 1000), "and it always is"),
        (entry(card, "2027-01-01", 0), "only the renewal of Personal and Minor is free"),
        (entry(Product::Credential(CredentialKind::OtpSms), "2027-01-01", 100), "not for sale"),
        (entry(Product::CredentialRenewal(CredentialKind::Password), "2027-01-01", 100), "not for sale"),
        // From before the day on which its renewal has a price.
        (entry(card, "2025-12-31", 1000), "must have a price of renewal"),
    ] {
        let problem = with(wrong.clone()).unwrap_err();
        assert!(problem.contains(says) && problem.starts_with("entry 15: "), "{wrong:?}: {problem}");
    }
    let alone = PriceList(vec![entry(card, "2026-01-01", 1000)]);
    assert!(alone.validate().unwrap_err().contains("must have a price of renewal"));
    let policy = crate::policy::Policy { prices: alone, ..crate::policy::Policy::default() };
    assert_eq!(policy.validate().unwrap_err().field, "prices");
}

/// A value of a configuration file.
#[derive(Clone)]
enum Written {
    Text(&'static str),
    Number(u64),
    Map(Vec<(&'static str, Self)>),
    List(Vec<Self>),
}

impl<'de> Deserializer<'de> for Written {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Text(text) => visitor.visit_borrowed_str(text),
            Self::Number(number) => visitor.visit_u64(number),
            Self::Map(pairs) => visitor.visit_map(MapDeserializer::new(pairs.into_iter())),
            Self::List(values) => visitor.visit_seq(SeqDeserializer::new(values.into_iter())),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(self, name: &'static str, variants: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Map(pairs) => visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(pairs.into_iter()))),
            Self::Text(text) => IntoDeserializer::<Error>::into_deserializer(text).deserialize_enum(name, variants, visitor),
            Self::Number(_) | Self::List(_) => Err(serde::de::Error::custom("no variant")),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Written {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[test]
fn a_list_is_read_from_the_policys_file() {
    use Written::{List, Map, Number, Text};
    let of = |product: &'static str, which: &'static str| Map(vec![(product, Text(which))]);
    let line = |product| vec![("product", product), ("from", Text("2027-01-01")), ("net_cents", Number(4000)), ("vat_basis_points", Number(2200))];
    let products = [
        (of("identity", "professional"), Product::Identity(Professional)),
        (of("identity-renewal", "professional"), RENEWAL),
        (of("credential", "otp-token"), Product::Credential(CredentialKind::OtpToken)),
        (of("credential-renewal", "remote-signature"), Product::CredentialRenewal(CredentialKind::RemoteSignature)),
    ];
    for (written, product) in products {
        let list = PriceList::deserialize(List(vec![Map(line(written))]));
        assert_eq!(list, Ok(PriceList(vec![entry(product, "2027-01-01", 4000)])));
    }
    let mut unknown = line(of("identity", "personal"));
    unknown.push(("currency", Text("USD")));
    let mut negative = line(of("identity", "personal"));
    negative[2].1 = Text("-1");
    let mut undated = line(of("identity", "personal"));
    undated[1].1 = Text("2027-02-29");
    for wrong in [unknown, negative, undated, line(of("identity", "company")), line(of("service", "personal"))] {
        assert!(PriceList::deserialize(List(vec![Map(wrong)])).is_err());
    }
}

proptest! {
    #[test]
    fn vat_is_the_nearest_cent_and_more_never_costs_less(net_cents in 0u64..100_000_000, rate in 0u32..=10_000, more in 0u64..1_000_000, dearer in 0u32..500) {
        let price = Price::of(net_cents, rate).unwrap();
        prop_assert_eq!(price.gross_cents, price.net_cents + price.vat_cents);
        prop_assert!(price.vat_cents <= net_cents);
        // Within half a cent of the exact amount; of two that are as near, the higher one.
        let (exact, rounded) = (i128::from(net_cents) * i128::from(rate), i128::from(price.vat_cents) * 10_000);
        prop_assert!((-5_000..5_000).contains(&(exact - rounded)), "{} {}", exact, rounded);
        let next = Price::of(net_cents + more, rate).unwrap();
        prop_assert!(next.gross_cents >= price.gross_cents + more);
        prop_assert!(Price::of(net_cents, rate + dearer).unwrap().gross_cents >= price.gross_cents);
    }

    #[test]
    fn the_price_of_a_day_is_the_last_that_began(
        days in prop::collection::btree_map(0u32..900, 41u64..100_000, 0..8), shuffle: prop::sample::Index, asked in 0u32..1_000
    ) {
        let first = date(2026, 1, 1);
        let after = |days| crate::calendar::days_after(first, days);
        let mut entries: Vec<Entry> = days.iter().map(|(from, cents)| Entry { from: after(*from), ..entry(RENEWAL, "2026-01-01", *cents) }).collect();
        // The order of the list says nothing.
        if !entries.is_empty() {
            let by = shuffle.index(entries.len());
            entries.rotate_left(by);
        }
        let list = PriceList(entries);
        prop_assert_eq!(list.validate(), Ok(()));
        let began = days.range(..=asked).next_back().map(|(_, cents)| *cents);
        prop_assert_eq!(price_at(&list, RENEWAL, after(asked)).map(|price| price.net_cents), began);
    }
}
