/* lessons.c - see lessons.h. */
#include "setup/lessons.h"

#include "common/alloc.h"
#include "nn/blas.h"

#include <math.h>
#include <string.h>

sl_lessons sl_lessons_of(const sl_setup *setup) {
    const sl_exp_distill *distill = &setup->experiment->distill;
    sl_lessons self = {.ppo = distill->w_ppo != 0,
                       .whole_z = distill->w_role != 0 && distill->teacher_role_period > 0};
    self.D = distill->w_sr != 0 ? distill->common_dim : 0;
    self.K = distill->w_role != 0 ? distill->role_dim : 0;
    self.Z = self.whole_z ? setup->teacher.hidden : self.D + self.K;
    return self;
}

void sl_lessons_draw(const sl_setup *setup, float *common, float *role) {
    const sl_exp_distill *distill = &setup->experiment->distill;
    sl_rng streams = sl_rng_split_name(&setup->root, "kd/maps");
    sl_rng first = sl_rng_split_name(&streams, "teacher/common"),
           second = sl_rng_split_name(&streams, "teacher/role");
    if (common) sl_lessons_orthogonal(distill->common_dim, setup->teacher.hidden, &first, common);
    if (role) sl_lessons_orthogonal(distill->role_dim, setup->teacher.hidden, &second, role);
}

sl_status sl_lessons_maps(const sl_lessons *self, const sl_setup *setup, float **out) {
    size_t H = (size_t)setup->teacher.hidden, Z = (size_t)self->Z, D = (size_t)self->D;
    *out = NULL;
    if (self->whole_z || Z == 0) return SL_OK;
    float *rows = sl_alloc_array(Z * H, sizeof *rows), *maps = sl_alloc_array(Z * H, sizeof *maps);
    if (!rows || !maps) {
        sl_free(rows);
        sl_free(maps);
        return sl_fail(SL_MEMORY, NULL, "cannot allocate the maps of the teacher's embedding");
    }
    sl_lessons_draw(setup, self->D > 0 ? rows : NULL, self->K > 0 ? rows + D * H : NULL);
    for (size_t i = 0; i < Z; i++)
        for (size_t h = 0; h < H; h++) maps[h * Z + i] = rows[i * H + h];
    sl_free(rows);
    *out = maps;
    return SL_OK;
}

void sl_lessons_map(const sl_lessons *self, int R, int H, const float *z, const float *maps, float *out) {
    if (self->whole_z)
        memcpy(out, z, (size_t)R * (size_t)H * sizeof *out);
    else if (self->Z > 0)
        sl_blas_nn(R, self->Z, H, z, H, maps, self->Z, 0.0f, out, self->Z);
}

void sl_lessons_orthogonal(int rows, int cols, sl_rng *stream, float *W) {
    // the short side's vectors are made orthonormal, each of the length of the long side
    int n = rows < cols ? rows : cols, len = rows < cols ? cols : rows;
    int step = rows < cols ? 1 : cols, jump = rows < cols ? cols : 1;
    for (int64_t k = 0; k < (int64_t)rows * cols; k++) W[k] = (float)sl_rng_normal(stream);
    for (int v = 0; v < n; v++) {
        float *a = W + (int64_t)v * jump;
        for (int u = 0; u < v; u++) {
            const float *b = W + (int64_t)u * jump;
            double sum = 0;
            for (int d = 0; d < len; d++) sum += (double)a[(int64_t)d * step] * (double)b[(int64_t)d * step];
            for (int d = 0; d < len; d++) a[(int64_t)d * step] -= (float)(sum * (double)b[(int64_t)d * step]);
        }
        double norm = 0;
        for (int d = 0; d < len; d++) norm += (double)a[(int64_t)d * step] * (double)a[(int64_t)d * step];
        float inverse = (float)(1.0 / sqrt(norm));
        for (int d = 0; d < len; d++) a[(int64_t)d * step] *= inverse;
    }
}
