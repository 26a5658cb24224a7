//! The Lambda function of `customer.payment-method.remove`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::entry::lambda(sportello_customer_area::entry::payment_method_remove)
}
