//! What the provider tells, read from its JSON: only what we need, whatever else it says.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Where a payment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStatus {
    /// The money was taken.
    Succeeded,
    /// The provider does not know yet.
    Processing,
    /// The customer has to confirm it.
    RequiresAction {
        /// Where.
        url: Option<String>,
    },
    /// Nothing was taken.
    Failed {
        /// Why, by the provider's code.
        code: String,
    },
    /// It was called off: nothing was taken and nothing will be.
    Canceled,
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The provider's id.
    pub id: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Euro cents.
    pub amount: u64,
    /// What we said of it.
    pub metadata: BTreeMap<String, String>,
}

/// A page of the provider on which a payment method is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The provider's id.
    pub id: String,
    /// Where the customer goes.
    pub url: String,
}

/// What came of such a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupIntent {
    /// The provider's id.
    pub id: String,
    /// Whether a payment method was added; otherwise not, or not yet.
    pub succeeded: bool,
    /// The provider's id of the payment method.
    pub method: Option<String>,
    /// The provider's id of the customer whose it is.
    pub customer: Option<String>,
    /// What we said when the page was opened.
    pub metadata: BTreeMap<String, String>,
}

/// What a payment method is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodKind {
    /// A card.
    Card {
        /// Its brand.
        brand: String,
        /// The last four digits, which is all that ever comes here.
        last4: String,
        /// Last month in which it is good.
        exp_month: u8,
        /// The year of that month.
        exp_year: u16,
    },
    /// An account at PayPal.
    Paypal,
}

/// A payment method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The provider's id.
    pub id: String,
    /// What it is.
    pub kind: MethodKind,
    /// The provider's id of the customer whose it is.
    pub customer: Option<String>,
}

#[derive(Deserialize)]
struct RawPayment {
    id: String,
    status: String,
    amount: u64,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    last_payment_error: Option<RawError>,
    #[serde(default)]
    next_action: Option<Value>,
}

#[derive(Deserialize)]
struct RawError {
    #[serde(default)]
    code: Option<String>,
}

impl Payment {
    /// A payment as the provider writes a payment intent; none where it is none.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        let raw = RawPayment::deserialize(value).ok()?;
        let status = match raw.status.as_str() {
            "succeeded" => PaymentStatus::Succeeded,
            "processing" | "requires_capture" => PaymentStatus::Processing,
            "requires_action" | "requires_source_action" => {
                let url = raw.next_action.as_ref().and_then(|action| action.pointer("/redirect_to_url/url"));
                PaymentStatus::RequiresAction { url: url.and_then(Value::as_str).map(ToOwned::to_owned) }
            }
            "canceled" => PaymentStatus::Canceled,
            "requires_payment_method" | "requires_source" | "requires_confirmation" => {
                PaymentStatus::Failed { code: raw.last_payment_error.and_then(|error| error.code).unwrap_or_else(|| "declined".to_owned()) }
            }
            // A word that we do not know may mean that the money is on its way.
            _ => return None,
        };
        Some(Self { id: raw.id, status, amount: raw.amount, metadata: raw.metadata })
    }
}

impl SetupIntent {
    /// What the provider writes as a setup intent; none where it is none.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        Some(Self {
            id: value.get("id")?.as_str()?.to_owned(),
            succeeded: value.get("status")?.as_str()? == "succeeded",
            method: id_of(value.get("payment_method")),
            customer: id_of(value.get("customer")),
            metadata: metadata_of(value),
        })
    }
}

/// What we said of an object.
pub(crate) fn metadata_of(value: &Value) -> BTreeMap<String, String> {
    value.get("metadata").and_then(|metadata| BTreeMap::deserialize(metadata).ok()).unwrap_or_default()
}

/// The id of an object, or of what stands in its place.
pub(crate) fn id_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(id) => Some(id.clone()),
        other => other.get("id").and_then(Value::as_str).map(ToOwned::to_owned),
    }
}

impl Method {
    /// A payment method as the provider writes it; none where it is none that we take.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).map(ToOwned::to_owned);
        let number = |path: &str| value.pointer(path).and_then(Value::as_u64);
        let kind = match text("/type")?.as_str() {
            "card" => MethodKind::Card {
                brand: text("/card/brand")?,
                last4: text("/card/last4").filter(|digits| digits.len() == 4)?,
                exp_month: number("/card/exp_month")?.try_into().ok()?,
                exp_year: number("/card/exp_year")?.try_into().ok()?,
            },
            // Whose account it is the provider tells its owner: no address comes here.
            "paypal" => MethodKind::Paypal,
            _ => return None,
        };
        Some(Self { id: text("/id")?, kind, customer: id_of(value.get("customer")) })
    }
}
