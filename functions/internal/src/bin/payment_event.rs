//! The Lambda function of `internal.payment.event`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_internal::entry::payment_event)
}
