// SPDX-License-Identifier: Apache-2.0
// A shared library that is no plug-in.
extern "C" int moat_plug_in();
int moat_plug_in() { return 0; }
