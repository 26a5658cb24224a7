//! The Lambda function of `jobs.order.expire`; generated.

fn main() -> std::process::ExitCode {
    sportello_runtime::job::lambda(sportello_jobs::entry::order_expire)
}
