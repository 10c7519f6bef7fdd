/* presets.c - links by name, in the words of a section. A new one is an entry here. */
#include "links/links.h"

#include <stddef.h>
#include <string.h>

static const sl_link_preset presets[] = {
    {"ideal", "nothing is late or lost", "-", "fixed 0 ms", "0", "fifo"},
    {"lan-ethernet", "a wired network: 0.2 +- 0.05 ms", "0.2 +- 0.05 ms", "normal 0.2 0.05 ms", "0", "fifo"},
    {"rlrd-wifi", "measured Wi-Fi: 1 to 6 steps of 20 ms, 2 at most times",
     "Ramstedt et al. 2021, 10,000 exchanges: 1 to 6 steps of 20 ms with .3082 .5927 .0829 .0075 .0031 .0056",
     "histogram 20:0.3082 40:0.5927 60:0.0829 80:0.0075 100:0.0031 120:0.0056 ms", "0", "fifo"},
    {"pi-wifi-powersave-on", "a Raspberry Pi's Wi-Fi as it comes: seconds, now and then",
     "raspberrypi/linux#7533: p50 50 to 127 ms, p99 0.8 to 2.0 s", "lognormal 80 1265 ms", "0", "fifo"},
    // no distribution of two numbers has this p90 and p99: bins of the source's percentiles
    {"pi-wifi-powersave-off", "the same with power save off",
     "raspberrypi/linux#7533: p50 6 ms, p90 8 to 10 ms, p99 19 to 31 ms",
     "histogram 4:0.15 5:0.2 6:0.3 7:0.15 8:0.06 9:0.06 12:0.04 16:0.02 25:0.015 40:0.005 ms", "0", "fifo"},
    {"4g", "a mobile network: 50 +- 20 ms, losses in bursts",
     "50 +- 20 ms, bursty loss (how much is our choice: 2 % in bursts of 4)", "normal 50 20 ms",
     "gilbert-elliott 0.005102 0.25", "fifo"},
    {"satellite", "a geostationary satellite: 600 ms", "600 ms", "fixed 600 ms", "0", "fifo"},
};

const sl_link_preset *sl_links_preset(int index) {
    return index >= 0 && index < (int)(sizeof presets / sizeof presets[0]) ? &presets[index] : NULL;
}

const sl_link_preset *sl_links_find_preset(const char *name) {
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].name, name) == 0) return &presets[i];
    return NULL;
}
