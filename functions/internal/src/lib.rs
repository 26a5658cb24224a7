//! What the provider's own services call, by signed requests.

pub mod recording;

sportello_runtime::operations! {
    access_record::AccessRecord,
    payment_event::PaymentEvent,
}
