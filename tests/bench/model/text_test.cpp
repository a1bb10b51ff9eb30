// SPDX-License-Identifier: Apache-2.0
#include "bench/model/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/model/price.hpp"
#include "bench/model/sum.hpp"
#include "tests/bench/model/model_fixture.hpp"

namespace moat {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string text_of(Record record, const PriceOptions& price = {}) {
  record.model = put_together(plan_of_sums(), price_of(price), record, {});
  return model_text(record, false);
}

TEST(ModelText, ShowsRatesAsBoundsAndWhatTheyLeaveOut) {
  const std::string text = text_of(sums_record().record);
  EXPECT_THAT(text, AllOf(HasSubstr("1000 tokens/s ≤"), HasSubstr("a step takes ≥ 4.00 ms"),
                          HasSubstr("a layer ≥ 1.50 ms (mean of 2), the rest ≥ 1.00 ms"),
                          HasSubstr("cover 80.0 % of the FLOPs and 66.7 % of the bytes"),
                          HasSubstr("decode: other, 1 times, 20 bytes each, 100 FLOP: no kernel"),
                          HasSubstr("launches"), HasSubstr("8 bytes of")));
  EXPECT_THAT(text, HasSubstr("fits\n"));
  EXPECT_THAT(text, Not(HasSubstr("cost")));
}

TEST(ModelText, SaysThatPricesAreGivenAndWhereTheyAreFrom) {
  PriceOptions price{.price = "3.60USD/h", .watts = 100};
  // 4 ms of 4 tokens at 0.001 a second.
  EXPECT_THAT(text_of(sums_record().record, price),
              AllOf(HasSubstr("cost ≥ 1.00 USD per million tokens"),
                    HasSubstr("energy ≥ 0.100 J per token, by the watts given"),
                    HasSubstr("given, not measured"), HasSubstr("(no source given)")));
  price.source = "an offer of today";
  EXPECT_THAT(text_of(sums_record().record, price), HasSubstr("(an offer of today)"));
}

TEST(ModelText, NamesWhatKeepsTheSumBack) {
  NamedRecord r = sums_record();
  r.record.cases[1] = without_times(r.record.cases[1], Status::failed, "off by one");
  EXPECT_THAT(text_of(r.record, {.price = "3.60USD/h"}),
              AllOf(HasSubstr("no rate: 1 of 2 operations have no verified time"),
                    HasSubstr("max/f32/n10: failed: off by one"), Not(HasSubstr("tokens/s")),
                    Not(HasSubstr("cost ≥"))));
}

TEST(ModelText, TellsOfOperandsInTheCache) {
  NamedRecord r = sums_record();
  EXPECT_THAT(text_of(r.record), Not(HasSubstr("too small to leave the cache")));
  r.record.cases[0].cache = "hot";
  EXPECT_THAT(text_of(r.record), HasSubstr("75.0 % of the sum is of cases too small"));
}

TEST(ModelText, BytesInTheirUnits) {
  EXPECT_EQ(format_bytes(12), "12 bytes");
  EXPECT_EQ(format_bytes(1536.0 * 1024 * 1024), "1.50 GiB");
}

}  // namespace
}  // namespace moat
